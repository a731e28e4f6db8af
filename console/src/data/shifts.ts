// The running shift of each branch that has cameras, kept fresh beside the cameras: a database that is slow or away
// must not hold up what the cameras say.

import { signal } from '@preact/signals';
import { ApiError, currentSummary } from '../api';
import type { ShiftNow, Shifts } from './facts';

const EVERY_MS = 2000;

export const shifts = signal<Shifts>(new Map());

/** When each was last told, ms of this machine's clock. */
let toldAt = new Map<number, number>();
let dueAt = 0;
let asking = false;

/** Asks for the shift of each branch if it is time to; answers come by themselves. */
export function freshenShifts(branches: readonly number[]): void {
  const isKnown = branches.every((branch) => shifts.value.has(branch));
  if (asking || (isKnown && Date.now() < dueAt)) return;
  // Half a round early, so that a round that began a moment sooner than two seconds ago does not wait for the next.
  dueAt = Date.now() + EVERY_MS - 500;
  asking = true;
  const told = toldAt;
  void Promise.all(branches.map(ask)).then((answers) => {
    asking = false;
    // Signed out meanwhile: it is nobody's any more.
    if (told === toldAt) shifts.value = new Map(answers.filter((answer) => answer !== undefined));
  });
}

/** For the next person's eyes there is nothing yet. */
export function forgetShifts(): void {
  shifts.value = new Map();
  toldAt = new Map();
}

async function ask(branch: number): Promise<[number, ShiftNow] | undefined> {
  const told = toldAt;
  try {
    const summary = await currentSummary(branch);
    told.set(branch, Date.now());
    return [branch, { summary }];
  } catch (error) {
    const last = shifts.value.get(branch);
    const isAway = !(error instanceof ApiError) || error.away;
    // What may not be known any more is not shown any more.
    return last && isAway ? [branch, { ...last, oldSince: told.get(branch) ?? 0 }] : undefined;
  }
}
