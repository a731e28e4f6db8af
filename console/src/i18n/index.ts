// The words of the chosen language, and durations that tick.

import { computed } from '@preact/signals';
import { language } from '../prefs';
import { en, type Words } from './en';
import { es } from './es';

export const words = computed<Words>(() => (language.value === 'es' ? es : en));

/** The words of one page, loaded with it: English is by its type the list of them. */
export const wordsOf = <T>(pair: { en: T; es: NoInfer<T> }) => computed<T>(() => pair[language.value]);

/** The names that shifts have unless somebody names them, in the reader's language. */
export const shiftName = (name: string): string => words.value.shifts[name] ?? name;

/** `0:42`, `12:04`, `1:02:03`. */
export function lasting(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** Whole seconds until an instant, never negative. */
export function secondsUntil(instantMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((instantMs - nowMs) / 1000));
}
