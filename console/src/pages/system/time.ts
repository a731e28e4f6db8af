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

const clock = computed(
  () =>
    new Intl.DateTimeFormat(language.value, {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZone: zone.value,
    }),
);
const dayAndClock = computed(
  () =>
    new Intl.DateTimeFormat(language.value, {
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZone: zone.value,
    }),
);
const relative = computed(
  () => new Intl.RelativeTimeFormat(language.value, { numeric: 'always', style: 'short' }),
);

/** `03:20:14` of today, `22 Nov 2026, 03:20:14` of another day. */
export function when(at: string | number, nowMs: number): string {
  const instant = new Date(at);
  const isToday = dayIn(instant.getTime(), zone.value) === dayIn(nowMs, zone.value);
  return (isToday ? clock : dayAndClock).value.format(instant);
}

/** Since when something is known that was told at an instant of this machine's clock: `as of 03:20:14`. */
export function asOf(localMs: number): string {
  const at = localMs - Date.now() + serverNow();
  return own.value.asOf(when(at, serverNow()));
}

/** With its day always, for what is read again later. */
export const fully = (at: string): string => dayAndClock.value.format(new Date(at));

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
