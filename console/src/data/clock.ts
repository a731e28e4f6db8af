// Times by the clock on a venue's wall, wherever the reader sits: the only place that writes one, or reads what was typed.

import { language } from '../prefs';

/** IANA zone of a venue; undefined: the reader's own, while none is known. */
export type Zone = string | undefined;

const formats = new Map<string, Intl.DateTimeFormat>();

/** A format by a venue's clock; making one is slow, and lists need thousands. */
export function clockOf(
  zone: Zone,
  options: Intl.DateTimeFormatOptions,
  locale: string = language.value,
): Intl.DateTimeFormat {
  const key = JSON.stringify([locale, zone, options]);
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale, { hourCycle: 'h23', timeZone: spoken(zone), ...options });
  formats.set(key, made);
  return made;
}

/** A browser's list of zones may be older than the server's. */
function spoken(zone: Zone): Zone {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return zone;
  } catch {
    return 'UTC';
  }
}

export const MINUTES = { hour: '2-digit', minute: '2-digit' } as const;
const SECONDS = { ...MINUTES, second: '2-digit' } as const;
const DAY = { day: 'numeric', month: 'short' } as const;
const IN_NUMBERS = { year: 'numeric', month: '2-digit', day: '2-digit', ...SECONDS } as const;

/** `04:12`. */
export const clockIn = (zone: Zone, at: number) => clockOf(zone, MINUTES).format(at);

/** `04:12:31`. */
export const secondsIn = (zone: Zone, at: number) => clockOf(zone, SECONDS).format(at);

/** `12:04:31` of today, `22 Nov, 12:04:31` of another day, with its year where that is not this one. */
export function timeIn(zone: Zone, at: number, now: number): string {
  const [day, today] = [dateIn(zone, at), dateIn(zone, now)];
  if (day === today) return secondsIn(zone, at);
  const isThisYear = day.slice(0, 4) === today.slice(0, 4);
  return clockOf(zone, { ...DAY, ...(isThisYear ? SECONDS : { year: 'numeric', ...MINUTES }) }).format(at);
}

/** `Monday 23 November 2026 at 12:04:31 CET`: for what is read again later, and elsewhere. */
export const fullyIn = (zone: Zone, at: number) =>
  clockOf(zone, { dateStyle: 'full', timeStyle: 'long' }).format(at);

/** `Sun 22 Nov`; with its year where that is not this one. */
export function dayIn(zone: Zone, at: number, now: number): string {
  const isThisYear = dateIn(zone, at).slice(0, 4) === dateIn(zone, now).slice(0, 4);
  return clockOf(zone, { weekday: 'short', ...DAY, ...(isThisYear ? {} : { year: 'numeric' }) }).format(at);
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

/** `in 38 min.`, `12 sec. ago`. */
export function away(at: number, now: number): string {
  const [unit, size] = STEPS.find(([, size]) => Math.abs(at - now) >= size) ?? ['second', 1000];
  const relative = new Intl.RelativeTimeFormat(language.value, { numeric: 'always', style: 'short' });
  return relative.format(Math.trunc((at - now) / size), unit);
}

/** `42 s`, `1 min 42 s`, `2 h 5 min`: the same in every language that is spoken here. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [h, min, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  // A figure and its unit stay on one line.
  const of = (n: number, unit: string) => (n > 0 ? `${n}\u00a0${unit}` : '');
  const parts = h > 0 ? [of(h, 'h'), of(min, 'min')] : [of(min, 'min'), of(s, 's')];
  return parts.filter(Boolean).join(' ') || '0\u00a0s';
}

/** What the clock on the wall shows, as if it were UTC: such numbers tell how far two of its readings are apart. */
export function wallOf(zone: Zone, at: number): number {
  const numbers = clockOf(zone, IN_NUMBERS, 'en-US').formatToParts(at);
  const of = Object.fromEntries(numbers.map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = of;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (at % 1000);
}

/** How far the clock on the wall is ahead of UTC, ms. */
export const offsetOf = (zone: Zone, at: number) => wallOf(zone, at) - at;

/** `2026-11-22T22:00`, as inputs of a date and time hold it. */
export const wallText = (zone: Zone, at: number) => new Date(wallOf(zone, at)).toISOString().slice(0, 16);

/** `2026-11-23` of an instant by the calendar of a zone. */
export const dateIn = (zone: Zone, at: number) => wallText(zone, at).slice(0, 10);

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export interface ClockChange {
  at: number;
  /** What the clock shows until then, and from then on, as if it were UTC. */
  fromWall: number;
  toWall: number;
}

/** The change of the clock between two instants that are on different sides of it, to the minute. */
export function changeBetween(zone: Zone, from: number, to: number): ClockChange {
  const was = offsetOf(zone, from);
  let [low, high] = [Math.floor(from / MINUTE_MS), Math.ceil(to / MINUTE_MS)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetOf(zone, middle * MINUTE_MS) === was) low = middle;
    else high = middle;
  }
  const at = high * MINUTE_MS;
  return { at, fromWall: at + was, toWall: wallOf(zone, at) };
}

/** When the clock on the wall first shows `wall`, or jumps over it. */
export function instantOf(zone: Zone, wall: number): number {
  // The offsets of a day before and after are all that a reading can have been made with.
  const around = [wall - DAY_MS, wall + DAY_MS];
  const candidates = around.map((near) => wall - offsetOf(zone, near)).sort((a, b) => a - b);
  const shown = candidates.find((at) => wallOf(zone, at) === wall);
  return shown ?? changeBetween(zone, wall - DAY_MS, wall + DAY_MS).at;
}

/** The same of what an input of a date and time holds; undefined if that is no time. */
export function instantOfText(zone: Zone, text: string): number | undefined {
  const wall = Date.parse(`${text.length === 16 ? `${text}:00` : text}Z`);
  return Number.isNaN(wall) ? undefined : instantOf(zone, wall);
}

/**
 * The instant at which a day (`2026-11-23`) begins, as RFC 3339; undefined for what is no day. `plusDays` counts days of
 * the calendar, which are not all 24 hours long.
 */
export function startOfDay(zone: Zone, day: string, plusDays = 0): string | undefined {
  const begun = Date.parse(`${day}T00:00:00Z`);
  // What is no day, or is typed as one that this month does not have.
  if (Number.isNaN(begun) || dateIn('UTC', begun) !== day) return undefined;
  return new Date(instantOf(zone, begun + plusDays * DAY_MS)).toISOString();
}
