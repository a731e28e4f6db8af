// Figures as people read them: with their unit, and a difference with its sign.

import { language } from '../../prefs';

const formats = new Map<string, Intl.NumberFormat>();

function format(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${language.value} ${JSON.stringify(options)}`;
  const known = formats.get(key) ?? new Intl.NumberFormat(language.value, options);
  formats.set(key, known);
  return known;
}

/** With one decimal where it has any and is small enough for that to matter. */
export const figure = (n: number) => format({ maximumFractionDigits: n < 10 ? 1 : 0 }).format(n);

/** `34 %`; of little parts with a decimal. */
export const share = (part: number) =>
  format({ style: 'percent', maximumFractionDigits: part > 0 && part < 0.1 ? 1 : 0 }).format(part);

/** Below this a part of it says less than the difference itself. */
const ENOUGH = 20;

/** How much more or less `ours` is: `+12 (+4 %)`, `−8 s`. */
export function change(ours: number, theirs: number, say: (n: number) => string): string {
  const by = ours - theirs;
  if (say(Math.abs(by)) === say(0)) return '±0';
  const difference = `${by < 0 ? '−' : '+'}${say(Math.abs(by))}`;
  if (Math.abs(theirs) < ENOUGH) return difference;
  const part = format({ style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' });
  return `${difference} (${part.format(by / theirs).replace('-', '−')})`;
}

/** `12 KB`, `3.4 MB`. */
export function bytes(n: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  let at = 0;
  let left = n;
  while (left >= 1000 && at < units.length - 1) {
    left /= 1000;
    at += 1;
  }
  const unit = units[at] ?? 'byte';
  return format({ style: 'unit', unit, maximumFractionDigits: left < 10 && at > 0 ? 1 : 0 }).format(left);
}
