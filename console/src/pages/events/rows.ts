// Which lines the list shows: those that fit, as they were when somebody began to read.

import type { Item } from '../../events/items';
import { type Filter, fits } from './kinds';

/** Newest first. What became of the connection concerns whoever looks for anything. */
export function rowsOf(items: readonly Item[], filter: Filter): Item[] {
  const rows: Item[] = [];
  for (let at = items.length - 1; at >= 0; at -= 1) {
    const item = items[at];
    if (item && (isNote(item) || fits(filter, item.event))) rows.push(item);
  }
  // Nothing but notes tells nobody anything.
  return rows.some((row) => !isNote(row)) || !items.some((item) => !isNote(item)) ? rows : [];
}

export const isNote = (item: Item): item is Extract<Item, { note: unknown }> => 'note' in item;

/** How many of `rows`, newest first, came after the line `seq`. */
export function newerThan(rows: readonly Item[], seq: number): number {
  const first = rows.findIndex((row) => row.seq <= seq);
  const newer = first < 0 ? rows : rows.slice(0, first);
  return newer.filter((row) => !isNote(row)).length;
}
