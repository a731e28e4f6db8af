// Shifts through time by a venue's clock, as the server reckons them: so that a change of the clock can be shown before
// it comes, and a schedule before it is saved.

import { type ClockChange, changeBetween, instantOf, offsetOf, wallOf } from './clock';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Long enough for both changes of a year, also where these move with the moon. */
const AHEAD_DAYS = 400;
/** No zone changes its clock and back within this. */
const STEP_DAYS = 7;

/** The next change of the clock after `from`; undefined where there is none within 13 months. */
export function nextChange(zone: string, from: number): ClockChange | undefined {
  const was = offsetOf(zone, from);
  for (let day = STEP_DAYS; day <= AHEAD_DAYS; day += STEP_DAYS) {
    const at = from + day * DAY_MS;
    if (offsetOf(zone, at) !== was) return changeBetween(zone, at - STEP_DAYS * DAY_MS, at);
  }
  return undefined;
}

export interface Start {
  name: string;
  /** `06:00` */
  start: string;
  days: readonly string[];
}

export interface Period {
  name: string;
  start: number;
  end: number;
  /** How long it would last if the clock stayed as it is. */
  usualMs: number;
}

const WEEK = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const DAYS_AROUND = 9;

/** The shift that runs at `at`; undefined where there are no shifts. */
export function periodAt(shifts: readonly Start[], zone: string, at: number): Period | undefined {
  const today = Math.floor(wallOf(zone, at) / DAY_MS);
  const starts: { name: string; at: number; wall: number }[] = [];
  const inOrder = [...shifts].sort((a, b) => (a.start < b.start ? -1 : 1));
  for (let day = today - DAYS_AROUND; day <= today + DAYS_AROUND; day += 1) {
    const weekday = WEEK[new Date(day * DAY_MS).getUTCDay()] ?? '';
    for (const { name, start, days } of inOrder) {
      if (!days.includes(weekday)) continue;
      const wall = day * DAY_MS + minutesOf(start) * MINUTE_MS;
      const next = { name, at: instantOf(zone, wall), wall };
      // The clock jumped over more than one start: the last of them is the shift that runs.
      if ((starts.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= next.at) starts.pop();
      starts.push(next);
    }
  }
  const after = starts.findIndex((start) => start.at > at);
  const [one, two] = [starts[after - 1], starts[after]];
  return one && two && { name: one.name, start: one.at, end: two.at, usualMs: two.wall - one.wall };
}

export function minutesOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return hours * 60 + minutes;
}

/** A change of the clock, and the shift that is shorter or longer for it. */
export interface ShiftChange {
  change: ClockChange;
  period: Period | undefined;
}

/** The next two: there and back. */
export function nextShiftChanges(shifts: readonly Start[], zone: string, from: number): ShiftChange[] {
  const first = nextChange(zone, from);
  const second = first && nextChange(zone, first.at);
  return [first, second]
    .filter((change) => change !== undefined)
    .map((change) => ({ change, period: periodAt(shifts, zone, change.at - MINUTE_MS) }))
    .map((each) => longerOf(each, periodAt(shifts, zone, each.change.at)));
}

/** A clock that jumps over a start has the shift before it or the one after it last otherwise than usual. */
function longerOf(each: ShiftChange, after: Period | undefined): ShiftChange {
  const isUsual = each.period && each.period.end - each.period.start === each.period.usualMs;
  return isUsual ? { ...each, period: after } : each;
}

/** How long each shift lasts by the clock, ms: the shortest and the longest of a week. */
export function lengthsOf(
  shifts: readonly Start[],
  name: string,
  start: string,
): [number, number] | undefined {
  // A zone without changes, and a week that begins on a Monday.
  const lengths = Array.from({ length: 7 }, (_, day) => {
    const at = (4 + day) * DAY_MS + minutesOf(start) * MINUTE_MS;
    const period = periodAt(shifts, 'UTC', at);
    return period?.name === name && period.start === at ? period.usualMs : undefined;
  }).filter((length) => length !== undefined);
  return lengths.length > 0 ? [Math.min(...lengths), Math.max(...lengths)] : undefined;
}

const plain = (text: string) =>
  text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(/[_/]/g, ' ');

/** Zones that have all words of `search` in their names: `new york`, `madrid`. */
export function zonesLike(zones: readonly string[], search: string): string[] {
  const wanted = plain(search).split(/\s+/).filter(Boolean);
  return zones.filter((zone) => wanted.every((word) => plain(zone).includes(word)));
}

/** Every zone this browser knows, and those that are in use already. */
export function allZones(used: readonly string[]): string[] {
  const known = Intl.supportedValuesOf('timeZone');
  return [...new Set([...known, 'UTC', ...used])].sort();
}
