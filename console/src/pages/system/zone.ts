// Days of a zone. Pure.

/** `2026-11-23` of an instant by the calendar of a zone. */
export function dayIn(instantMs: number, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).formatToParts(instantMs);
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? '';
  return `${of('year').padStart(4, '0')}-${of('month')}-${of('day')}`;
}

/** How far the clock of a zone is ahead of UTC at an instant, ms. */
function offsetMs(instantMs: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(instantMs);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const wall = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return wall - Math.floor(instantMs / 1000) * 1000;
}

/**
 * The instant at which a day (`2026-11-23`) begins in a zone, as RFC 3339; undefined for what is no day. `plusDays` counts
 * days of the calendar, which are not all 24 hours long.
 */
export function startOfDay(day: string, zone: string, plusDays = 0): string | undefined {
  const begun = Date.parse(`${day}T00:00:00Z`);
  // What is no day, or is typed as one that this month does not have.
  if (Number.isNaN(begun) || dayIn(begun, 'UTC') !== day) return undefined;
  const midnight = begun + plusDays * 86_400_000;
  // The offset is that of the answer, which is not known yet: the second look has it, but where the clock jumps over
  // midnight; there the later of both is the day's first instant.
  const first = midnight - offsetMs(midnight, zone);
  const second = midnight - offsetMs(first, zone);
  const wanted = dayIn(midnight, 'UTC');
  const start = [second, first].sort((one, other) => one - other).find((at) => dayIn(at, zone) === wanted);
  return new Date(start ?? Math.max(first, second)).toISOString();
}
