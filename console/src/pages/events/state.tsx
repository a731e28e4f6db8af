// How it stands with the connection: by what, since when, and what came of the last loss.

import { StateShape } from '../../components/icons';
import { timeAt } from '../../data/branches';
import { gateway } from '../../data/events';
import { now } from '../../data/feed';
import type { HubState } from '../../events/items';
import { secondsUntil, words } from '../../i18n';
import { eventWords } from './words';

/** How long it is said that something came afterwards; the list says it for as long as it has it. */
const BACK_FOR_MS = 60_000;

export function GatewayLine() {
  const state = gateway.value;
  const shown = textOf(state, now.value);
  if (!shown) return null;
  return (
    <p class={`state ${shown.shape}`} role="status" data-gateway={state.kind}>
      <StateShape state={shown.shape} />
      <span>{shown.text}</span>
      {shown.tick && (
        <span class="figure" aria-hidden="true">
          {shown.tick}
        </span>
      )}
      {shown.more && <span class="quiet">{shown.more}</span>}
    </p>
  );
}

interface Shown {
  shape: 'running' | 'connecting' | 'lost' | 'failed';
  text: string;
  /** What changes each second, and is not for the ear. */
  tick?: string;
  more?: string | undefined;
}

const lost = (lostAt: number, seconds: number, nowMs: number): Shown => ({
  shape: 'lost',
  text: eventWords.value.lostSince(timeAt(lostAt, nowMs)),
  tick: words.value.retryIn(seconds),
});

function textOf(state: HubState, nowMs: number): Shown | undefined {
  const w = eventWords.value;
  switch (state.kind) {
    case 'off':
      return undefined;
    case 'connecting':
      if (state.lostAt === undefined) return { shape: 'connecting', text: w.connecting };
      return lost(state.lostAt, 0, nowMs);
    case 'waiting': {
      const more = w.reasons[state.reason] ?? state.reason;
      return { ...lost(state.lostAt, secondsUntil(state.retryAt, nowMs), nowMs), more };
    }
    case 'closed':
      return { shape: 'failed', text: w.closed(w.reasons[state.reason] ?? state.reason) };
    case 'live': {
      const { back, by, since } = state;
      const isNews = back && nowMs - since < BACK_FOR_MS;
      const more = isNews && (back.gaps.length > 0 ? w.lostFor(back.late) : w.caughtUp(back.late));
      return { shape: 'running', text: w.liveSince(w.by[by], timeAt(since, nowMs)), more: more || undefined };
    }
  }
}
