// How long people stayed, sorted into steps of equal length that suit what there is.

/** Seconds that a person takes in at a glance. */
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
/** More steps than these are a fence and not a shape. */
const MOST = 24;

export interface Steps {
  /** Seconds from one to the next. */
  stepS: number;
  /** Where each begins; the last one has no end. */
  startsS: number[];
}

/** Steps for stays (seconds) that show all but the few longest, which share the last one. */
export function stepsFor(...sets: readonly (readonly number[])[]): Steps {
  const reach = Math.max(1, ...sets.map((stays) => quantile(stays, 0.97)));
  const stepS = STEPS_S.find((step) => reach / step <= MOST) ?? Math.ceil(reach / MOST / 3600) * 3600;
  const count = Math.max(4, Math.ceil((reach + 1) / stepS) + 1);
  return { stepS, startsS: Array.from({ length: count }, (_, at) => at * stepS) };
}

/** How many stays are in each step. */
export function histogram(stays: readonly number[], { stepS, startsS }: Steps): number[] {
  const counts = startsS.map(() => 0);
  const last = counts.length - 1;
  for (const stay of stays) {
    const at = Math.min(last, Math.max(0, Math.floor(stay / stepS)));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

function quantile(stays: readonly number[], part: number): number {
  const sorted = [...stays].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
