// Times by the clock of a venue, wherever the reader sits.

/** `42 s`, `1 min 42 s`, `2 h 5 min`: the same in every language that is spoken here. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [h, min, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const parts = h > 0 ? [`${h} h`, min && `${min} min`] : [min && `${min} min`, (s || !min) && `${s} s`];
  return parts.filter(Boolean).join(' ');
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** A format by a venue's clock; making one is slow, and lists need thousands. */
export function clockOf(
  locale: string,
  zone: string,
  options: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat {
  const key = JSON.stringify([locale, zone, options]);
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, { hourCycle: 'h23', timeZone: zone, ...options });
    formats.set(key, format);
  }
  return format;
}

export const MINUTES = { hour: '2-digit', minute: '2-digit' } as const;
export const SECONDS = { ...MINUTES, second: '2-digit' } as const;
export const DAY_AND_SECONDS = { day: 'numeric', month: 'short', ...SECONDS } as const;
export const ALL_OF_IT = { dateStyle: 'full', timeStyle: 'long' } as const;

/** `2027-03-28` by a venue's clock: whether two instants are of one day. */
export const dayOf = (zone: string, at: number) =>
  clockOf('sv', zone, { year: 'numeric', month: '2-digit', day: '2-digit' }).format(at);

/** `12:04:31`, with its day when that is another one than `now` is. */
export function timeIn(locale: string, zone: string, at: number, now: number): string {
  const isToday = dayOf(zone, at) === dayOf(zone, now);
  return clockOf(locale, zone, isToday ? SECONDS : DAY_AND_SECONDS).format(at);
}
