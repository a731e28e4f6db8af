// The clock on a branch's wall: the same instants as everywhere, read in its zone and not in the reader's.

import { language } from '../prefs';

const parts = new Map<string, Intl.DateTimeFormat>();
const formats = new Map<string, Intl.DateTimeFormat>();

const IN_NUMBERS: Intl.DateTimeFormatOptions = {
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
};

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language.value} ${zone} ${JSON.stringify(options)}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(language.value, { timeZone: zone, hourCycle: 'h23', ...options });
  formats.set(key, made);
  return made;
}

/** `04:12`. */
export const clockIn = (zone: string, instantMs: number) =>
  format(zone, { hour: '2-digit', minute: '2-digit' }).format(instantMs);

/** `04:12:31`. */
export const secondsIn = (zone: string, instantMs: number) =>
  format(zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(instantMs);

/** `Sun 22 Nov`; with its year where that is not this one. */
export function dayIn(zone: string, instantMs: number, nowMs: number): string {
  const year = format(zone, { year: 'numeric' });
  const isThisYear = year.format(instantMs) === year.format(nowMs);
  const day: Intl.DateTimeFormatOptions = { weekday: 'short', day: 'numeric', month: 'short' };
  return format(zone, isThisYear ? day : { ...day, year: 'numeric' }).format(instantMs);
}

/** What the clock on the wall shows, as if it were UTC: such numbers tell how far two of its readings are apart. */
export function wallMs(zone: string, instantMs: number): number {
  let numbers = parts.get(zone);
  if (!numbers) {
    numbers = new Intl.DateTimeFormat('en-US', { timeZone: zone, ...IN_NUMBERS });
    parts.set(zone, numbers);
  }
  const of = Object.fromEntries(
    numbers.formatToParts(instantMs).map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = of;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** `2026-11-22T22:00`, as inputs of a date and time hold it. */
export const wallText = (zone: string, instantMs: number) =>
  new Date(wallMs(zone, instantMs)).toISOString().slice(0, 16);

/**
 * When the clock on the wall shows `text`; undefined if that is no time. A reading that comes twice means the first
 * one, and one that a clock leaves out means as long after the jump.
 */
export function instantOf(zone: string, text: string): number | undefined {
  const wanted = Date.parse(`${text.length === 16 ? `${text}:00` : text}Z`);
  if (Number.isNaN(wanted)) return undefined;
  // The offsets of a day before and after are all that a reading can have been made with.
  const offsets = [-1, 1].map((day) => {
    const near = wanted + day * 86_400_000;
    return wallMs(zone, near) - near;
  });
  const meant = offsets.map((offset) => wanted - offset).sort((a, b) => a - b);
  return meant.find((instant) => wallMs(zone, instant) === wanted) ?? meant.at(-1);
}
