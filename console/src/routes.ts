// Where the reader is. Pages live behind `#`, so that the server needs to know of one page only.

import { computed, signal } from '@preact/signals';

export type Route = { page: 'live' } | { page: 'camera'; camera: string };

/** The sections of the top bar that exist. A new one is added here, in the words, and in `app.tsx`. */
export const SECTIONS = [{ page: 'live', href: '#/' }] as const;

export function parseRoute(hash: string): Route {
  const [, section, id] = hash.split('/');
  if (section === 'cameras' && id) {
    try {
      return { page: 'camera', camera: decodeURIComponent(id) };
    } catch {
      return { page: 'live' };
    }
  }
  return { page: 'live' };
}

export const cameraHref = (camera: string) => `#/cameras/${encodeURIComponent(camera)}`;

const hash = signal(window.location.hash);
window.addEventListener('hashchange', () => {
  hash.value = window.location.hash;
});

export const route = computed<Route>(() => parseRoute(hash.value));
