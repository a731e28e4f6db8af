// What a person chose in this browser: theme, language, boxes. It survives a reload and nothing else needs it.

import { computed, effect, signal } from '@preact/signals';
import { hash } from './routes';
import { systemIsDark, type Theme, themeOf } from './theme';

export type Language = 'en' | 'es';

const KEY = {
  theme: 'atalaya.theme',
  language: 'atalaya.language',
  plain: 'atalaya.plain',
  here: 'atalaya.here',
  branch: 'atalaya.branch',
  wall: 'atalaya.wall',
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

const chosenTheme = signal(read(KEY.theme));
const darkSystem = systemIsDark();
const isSystemDark = signal(darkSystem.matches);
darkSystem.addEventListener('change', ({ matches }) => {
  isSystemDark.value = matches;
});

export const theme = computed<Theme>(() => themeOf(chosenTheme.value, hash.value, isSystemDark.value));
export const language = signal<Language>(pickLanguage(read(KEY.language), navigator.languages));

const readSet = (key: string): ReadonlySet<string> => new Set((read(key) ?? '').split(' ').filter(Boolean));

/** Cameras whose video is wanted without boxes in it; and those of them on which the camera's page draws its own. */
const plain = signal(readSet(KEY.plain));
const here = signal(readSet(KEY.here));

/** Who draws boxes: the server into the video, the camera's page upon it, or nobody. */
export type BoxesWay = 'drawn' | 'here' | 'off';

/** The branch that the pages are about; undefined: all of them, or the first where it has to be one. */
export const branchWanted = signal<number | undefined>(Number(read(KEY.branch)) || undefined);

/** How many tiles the wall has, where its address does not say. */
export const wallLayout = signal(read(KEY.wall));

export function setWallLayout(next: string): void {
  wallLayout.value = next;
  write(KEY.wall, next);
}

export function setBranch(next: number | undefined): void {
  branchWanted.value = next;
  write(KEY.branch, next === undefined ? '' : String(next));
}

export function boxesShown(camera: string): boolean {
  return !plain.value.has(camera);
}

export function toggleBoxes(camera: string): void {
  setBoxes(camera, boxesShown(camera) ? 'off' : 'drawn');
}

export function boxesWay(camera: string): BoxesWay {
  if (boxesShown(camera)) return 'drawn';
  return here.value.has(camera) ? 'here' : 'off';
}

export function setBoxes(camera: string, way: BoxesWay): void {
  plain.value = changed(plain.value, camera, way !== 'drawn');
  here.value = changed(here.value, camera, way === 'here');
  write(KEY.plain, [...plain.value].join(' '));
  write(KEY.here, [...here.value].join(' '));
}

function changed(set: ReadonlySet<string>, camera: string, isIn: boolean): ReadonlySet<string> {
  const others = [...set].filter((other) => other !== camera);
  return new Set(isIn ? [...others, camera] : others);
}

export function setTheme(next: Theme): void {
  chosenTheme.value = next;
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
