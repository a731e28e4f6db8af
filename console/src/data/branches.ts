// The venues this reader may see, and the one that the pages are about.

import { computed, effect, signal } from '@preact/signals';
import { all } from '../api';
import { branchWanted } from '../prefs';
import { timeIn } from './clock';
import { link } from './feed';

export interface Branch {
  id: number;
  name: string;
  /** IANA zone: the clock on its wall. */
  time_zone: string;
}

/** Undefined until the server has said. */
export const branches = signal<readonly Branch[] | undefined>(undefined);

/** The branch that was chosen; undefined: all of them. */
export const branch = computed<Branch | undefined>(() =>
  branches.value?.find(({ id }) => id === branchWanted.value),
);

/** The branch for pages that are about one at a time: the chosen one, else the first. */
export const oneBranch = computed<Branch | undefined>(() => branch.value ?? branches.value?.[0]);

export const nameOfBranch = (id: number): string =>
  branches.value?.find((each) => each.id === id)?.name ?? String(id);

const READERS = new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The clock of a branch; of the one that the pages are about, where none is named; the reader's while none is known. */
export const zoneOf = (id?: number): string =>
  (branches.value?.find((each) => each.id === id) ?? oneBranch.value)?.time_zone ?? READERS;

/** A time as every page shows one: by the clock of its branch. */
export const timeAt = (at: number, now: number, id?: number) => timeIn(zoneOf(id), at, now);

/** Asks again: a branch was made, changed or deleted. */
export async function freshenBranches(): Promise<void> {
  branches.value = await all<Branch>('/branches');
}

/** Asks when somebody has signed in, and forgets when they have gone. */
export function followBranches(): void {
  let asking = false;
  effect(() => {
    const { kind } = link.value;
    if (kind === 'signed-out') branches.value = undefined;
    if (kind !== 'live' || branches.peek() || asking) return;
    asking = true;
    // It comes by again with the next answer of the cameras.
    freshenBranches()
      .catch(() => undefined)
      .finally(() => {
        asking = false;
      });
  });
}
