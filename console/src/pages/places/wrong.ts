// What the server would refuse in a schedule, known before it is asked.

import type { ScheduledShift } from '../../api/places';

export type Wrong = 'needsName' | 'needsTime' | 'needsDays' | 'twice';

export function wrongIn(shifts: readonly ScheduledShift[]): Wrong | undefined {
  if (shifts.some(({ name }) => name.trim() === '')) return 'needsName';
  if (shifts.some(({ start }) => !/^\d\d:\d\d$/.test(start))) return 'needsTime';
  if (shifts.some(({ days }) => days.length === 0)) return 'needsDays';
  const starts = shifts.flatMap(({ start, days }) => days.map((day) => `${day} ${start}`));
  return new Set(starts).size < starts.length ? 'twice' : undefined;
}
