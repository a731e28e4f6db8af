// What happened before one came: as much of it as the server has kept.
//
// The server says where its streams are, and not where what it has kept of them begins. Whoever goes back to a place gets
// all that came since, or, if that is too far back, nothing: so this goes back further and further, and then looks between
// the furthest that was known and the nearest that was not.

import { type Client, connect, type GatewayEvent, type Positions } from '../gateway';
import type { Door } from './items';

/** Events of each stream: a first screenful, then more. */
const FIRST_STEP = 128;
const GROWTH = 4;
/** Each takes a connection for a moment. */
const MOST_TRIES = 6;
const ANSWER_WITHIN_MS = 5000;

/** How far back a stream is known (events before `to`), and how far back it is not. */
interface Reach {
  known: number;
  unknown: number;
  /** All there ever was. */
  all: number;
}

/** One look back; tells what came up to `to`, and of which streams nothing is known. */
export type Look = (
  since: Positions,
  to: Positions,
) => Promise<{ events: GatewayEvent[]; missed: string[] } | undefined>;

/** What was kept up to `to`, oldest first; `found` is called with more each time more is found. */
export async function recall(look: Look, to: Positions, found: (events: GatewayEvent[]) => void) {
  const reach = new Map(
    Object.entries(to).map(([name, { offset }]) => [name, { known: 0, unknown: offset + 1, all: offset }]),
  );
  const known = new Map<string, GatewayEvent>();
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const steps = new Map([...reach].map(([name, each]) => [name, nextStep(each)]));
    if ([...steps].every(([name, step]) => step === reach.get(name)?.known)) return;
    const since = Object.fromEntries(
      Object.entries(to).map(([name, { epoch, offset }]) => [
        name,
        { epoch, offset: offset - (steps.get(name) ?? 0) },
      ]),
    );
    const answer = await look(since, to);
    if (!answer) return;
    for (const [name, step] of steps) {
      const each = reach.get(name);
      if (each) each[answer.missed.includes(name) ? 'unknown' : 'known'] = step;
    }
    const before = known.size;
    for (const event of answer.events) known.set(`${event.stream} ${event.offset}`, event);
    if (known.size > before) found([...known.values()].sort(byTime));
  }
}

/** How far to go back next: further while nothing is in the way, then to the middle; stays when that is near enough. */
function nextStep({ known, unknown, all }: Reach): number {
  const further = known === 0 ? FIRST_STEP : known * GROWTH;
  if (unknown > all) return Math.min(further, all);
  if (further < unknown) return further;
  const between = Math.floor((known + unknown) / 2);
  return unknown - known > Math.max(8, known / 4) ? between : known;
}

const byTime = (a: GatewayEvent, b: GatewayEvent) =>
  Date.parse(a.at) - Date.parse(b.at) || a.offset - b.offset;

/** Looks back by a client of its own, which leaves as soon as it was told. */
export const lookBy =
  (door: Door): Look =>
  (since, to) =>
    new Promise((resolve) => {
      const events: GatewayEvent[] = [];
      const missed: string[] = [];
      let client: Client | undefined;
      const end = (isAnswered: boolean) => {
        clearTimeout(timer);
        // It may be told before it is known here.
        queueMicrotask(() => client?.close());
        resolve(isAnswered ? { events, missed } : undefined);
      };
      const timer = setTimeout(() => end(false), ANSWER_WITHIN_MS);
      client = connect({
        endpoint: door,
        since,
        sse: null,
        onEvent: (event) => {
          if (event.offset <= (to[event.stream]?.offset ?? 0)) events.push(event);
        },
        onGap: (streams) => missed.push(...streams),
        onState: ({ kind }) => {
          if (kind === 'live') end(true);
          if (kind === 'waiting' || kind === 'closed') end(false);
        },
      });
    });
