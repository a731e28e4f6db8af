// What a person chose in this browser: theme, language, boxes. It survives a reload and nothing else needs it.

import { effect, signal } from '@preact/signals';

export type Theme = 'dark' | 'light';
export type Language = 'en' | 'es';

const KEY = {
  theme: 'atalaya.theme',
  language: 'atalaya.language',
  plain: 'atalaya.plain',
  branch: 'atalaya.branch',
} as const;

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // A browser may forbid storage; then a choice lasts as long as the page.
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // As above.
  }
}

/** The saved language, else the first of the browser's that we speak, else English. */
export function pickLanguage(saved: string | null, offered: readonly string[]): Language {
  const known = [saved ?? '', ...offered].map((tag) => tag.slice(0, 2).toLowerCase());
  return known.find((tag): tag is Language => tag === 'en' || tag === 'es') ?? 'en';
}

/** Dark unless light was chosen: the wall hangs in dim rooms. */
export const theme = signal<Theme>(read(KEY.theme) === 'light' ? 'light' : 'dark');
export const language = signal<Language>(pickLanguage(read(KEY.language), navigator.languages));

/** Cameras whose picture is wanted without boxes. */
const plain = signal<ReadonlySet<string>>(new Set((read(KEY.plain) ?? '').split(' ').filter(Boolean)));

/** The branch that the pages are about; undefined: all of them, or the first where it has to be one. */
export const branchWanted = signal<number | undefined>(Number(read(KEY.branch)) || undefined);

export function setBranch(next: number | undefined): void {
  branchWanted.value = next;
  write(KEY.branch, next === undefined ? '' : String(next));
}

export function boxesShown(camera: string): boolean {
  return !plain.value.has(camera);
}

export function toggleBoxes(camera: string): void {
  const next = new Set(plain.value);
  if (!next.delete(camera)) next.add(camera);
  plain.value = next;
  write(KEY.plain, [...next].join(' '));
}

export function setTheme(next: Theme): void {
  theme.value = next;
  write(KEY.theme, next);
}

export function setLanguage(next: Language): void {
  language.value = next;
  write(KEY.language, next);
}

/** Keeps `<html>` in step with the choices. */
export function applyToDocument(): void {
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
    document.documentElement.lang = language.value;
  });
}
