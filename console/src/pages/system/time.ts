// Times by the clock of the venue that the pages are about, wherever the reader sits.

import { computed } from '@preact/signals';
import { serverNow } from '../../api';
import { oneBranch } from '../../data/branches';
import { language } from '../../prefs';
import { own } from './words';
import { dayIn } from './zone';

/** IANA zone; UTC while no branch is known. */
export const zone = computed(() => {
  const wanted = oneBranch.value?.time_zone ?? 'UTC';
  try {
    new Intl.DateTimeFormat('en', { timeZone: wanted });
    return wanted;
  } catch {
    return 'UTC'; // This browser's list of zones is older than the server's.
  }
});

const DAY = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' } as const;
const dated = (options: Intl.DateTimeFormatOptions) =>
  computed(
    () => new Intl.DateTimeFormat(language.value, { ...options, hourCycle: 'h23', timeZone: zone.value }),
  );
const clock = dated({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
const ofThisYear = dated(DAY);
const ofAnotherYear = dated({ ...DAY, year: 'numeric' });
const exact = dated({ ...DAY, year: 'numeric', second: '2-digit' });
const relative = computed(
  () => new Intl.RelativeTimeFormat(language.value, { numeric: 'always', style: 'short' }),
);

/** `03:20:14` of today, `22 Nov, 03:20` of another day, with its year when that is not this one. */
export function when(at: string | number, nowMs: number): string {
  const instant = new Date(at);
  const [day, today] = [dayIn(instant.getTime(), zone.value), dayIn(nowMs, zone.value)];
  const format = day === today ? clock : day.slice(0, 4) === today.slice(0, 4) ? ofThisYear : ofAnotherYear;
  return format.value.format(instant);
}

/** Since when something is known that was told at an instant of this machine's clock: `as of 03:20:14`. */
export function asOf(localMs: number): string {
  const at = localMs - Date.now() + serverNow();
  return own.value.asOf(when(at, serverNow()));
}

/** With its day and second always, for what is read again later. */
export const fully = (at: string): string => exact.value.format(new Date(at));

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

/** `in 38 min.`, `12 sec. ago`. */
export function away(at: string | number, nowMs: number): string {
  const ms = new Date(at).getTime() - nowMs;
  const [unit, size] = STEPS.find(([, size]) => Math.abs(ms) >= size) ?? ['second', 1000];
  return relative.value.format(Math.trunc(ms / size), unit);
}
