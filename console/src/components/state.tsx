// The state of a camera in shape and word.

import type { Camera } from '../api';
import { serverNow } from '../api';
import { timeAt } from '../data/branches';
import { now } from '../data/feed';
import { lasting, secondsUntil, words } from '../i18n';
import { fromServer } from '../i18n/server';
import { isFed } from './feed-note';
import { StateShape } from './icons';

/** `● running 10 fps`, `△ lost 0:42`. The word alone is announced when it changes: figures tick. */
export function StateBadge({ camera }: { camera: Camera }) {
  const { status } = camera;
  now.value; // Durations tick with the page's clock.
  const since = status.since ? Date.parse(status.since) : Number.NaN;
  return (
    <span class={`state ${status.state}`} data-state={status.state}>
      <StateShape state={status.state} />
      <span aria-live="polite">{words.value.states[status.state]}</span>
      {status.state === 'running' && <span class="figure">{words.value.fps(status.fps_in)}</span>}
      {(status.state === 'lost' || status.state === 'connecting') && !Number.isNaN(since) && (
        <span class="figure">{lasting(serverNow() - since)}</span>
      )}
    </span>
  );
}

/** What a person needs to know of a camera that does not run; nothing for one that does. */
export function stateDetail(camera: Camera): { line: string; reason: string | undefined } | undefined {
  const { status } = camera;
  const clock = serverNow() + 0 * now.value;
  const since = status.since ? timeAt(Date.parse(status.since), clock, camera.branch_id) : '';
  const reason = status.reason ? fromServer(status.reason) : undefined;
  switch (status.state) {
    case 'running':
      return undefined;
    case 'connecting':
      return { line: words.value.connectingSince(since), reason };
    case 'lost': {
      const seconds = status.next_try ? secondsUntil(Date.parse(status.next_try), clock) : 0;
      const next = isFed(camera) ? words.value.waitingForSender : words.value.nextTry(seconds);
      return { line: `${words.value.lostSince(since)} · ${next}`, reason };
    }
    case 'stopped':
      return { line: words.value.stoppedHelp, reason };
    case 'failed':
      return { line: words.value.failedHelp, reason };
  }
}
