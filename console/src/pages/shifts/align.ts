// Two shifts on one axis: what the clock showed as long after each one's start belongs together, also where a clock was
// changed in the middle of one of them.

const A_WEEK_MS = 7 * 86_400_000;
/** A week holds an hour more or less where the clocks changed in it, and a schedule may have been moved a little. */
const ABOUT_MS = 2 * 3_600_000;

/** The reading of the wall's clock in an RFC 3339 time, as if it were UTC. */
export const readingOf = (rfc3339: string) => Date.parse(`${rfc3339.slice(0, 19)}Z`);

interface Hour {
  start: string;
  visits: number;
}

/**
 * Visits of `theirs` for each hour of `ours`, null where they have none such. An hour that came twice to them only is
 * one here.
 */
export function alignHours(ours: readonly Hour[], theirs: readonly Hour[]): (number | null)[] {
  const rest = byClock(theirs);
  const left = new Map([...byClock(ours)].map(([clock, hours]) => [clock, hours.length]));
  const start = readingOf(ours[0]?.start ?? '');
  return ours.map((hour) => {
    const clock = readingOf(hour.start) - start;
    const open = rest.get(clock) ?? [];
    const isLast = (left.get(clock) ?? 1) === 1;
    left.set(clock, (left.get(clock) ?? 1) - 1);
    const taken = open.splice(0, isLast ? open.length : 1);
    return taken.length > 0 ? taken.reduce((sum, { visits }) => sum + visits, 0) : null;
  });
}

function byClock(hours: readonly Hour[]): Map<number, Hour[]> {
  const start = readingOf(hours[0]?.start ?? '');
  const found = new Map<number, Hour[]>();
  for (const hour of hours) {
    const clock = readingOf(hour.start) - start;
    found.set(clock, [...(found.get(clock) ?? []), hour]);
  }
  return found;
}

/** The visits of hours that have begun; of those to come it is not known that there are none. */
export const untilNow = (hours: readonly Hour[], nowMs: number) =>
  hours.map(({ start, visits }) => (Date.parse(start) <= nowMs ? visits : null));

interface Named {
  id: number;
  name: string;
  start: string;
}

/** The shift of the same name a week before, if it is among these. */
export function weekBefore<S extends Named>(shift: Named, among: readonly S[]): S | undefined {
  const wanted = Date.parse(shift.start) - A_WEEK_MS;
  return among.find(
    ({ name, start }) => name === shift.name && Math.abs(Date.parse(start) - wanted) <= ABOUT_MS,
  );
}

/** Whether all of `among`, newest first, are of before the week before: then it is not further back either. */
export function isPast(shift: Named, among: readonly Named[]): boolean {
  const oldest = among.at(-1);
  return oldest !== undefined && Date.parse(oldest.start) < Date.parse(shift.start) - A_WEEK_MS - ABOUT_MS;
}

interface People {
  min: number | null;
  mean: number | null;
  max: number | null;
}

/**
 * Minutes joined to steps of `size`: the fewest and the most in them, and the mean of their means. A step of which
 * nothing was measured stays unknown.
 */
export function inSteps(minutes: readonly People[], size: number): People[] {
  return Array.from({ length: Math.ceil(minutes.length / size) }, (_, at) => {
    const known = minutes.slice(at * size, (at + 1) * size).filter(({ max }) => max !== null);
    if (known.length === 0) return { min: null, mean: null, max: null };
    const all = (key: keyof People) => known.map((minute) => minute[key] ?? 0);
    return {
      min: Math.min(...all('min')),
      mean: all('mean').reduce((sum, each) => sum + each, 0) / known.length,
      max: Math.max(...all('max')),
    };
  });
}
