// Which theme a page has while nobody has chosen one.

export type Theme = 'dark' | 'light';

/** Pages that are read like paper. */
const REPORTS: readonly string[] = ['shifts', 'events', 'places', 'system'];

/**
 * What was chosen, else dark: walls hang in dim rooms. Reports are dark only where the whole system is; `hash` is that of
 * the address.
 */
export function themeOf(chosen: string | null, hash: string, isSystemDark: boolean): Theme {
  if (chosen === 'dark' || chosen === 'light') return chosen;
  const page = hash.replace(/^#\/?/, '').split(/[/?]/)[0] ?? '';
  return REPORTS.includes(page) && !isSystemDark ? 'light' : 'dark';
}

export const systemIsDark = (): MediaQueryList => window.matchMedia('(prefers-color-scheme: dark)');
