// Where the reader is. Pages live behind `#`, so that the server needs to know of one page only, and every page, with
// what is chosen on it, has an address that can be sent to somebody.

import { computed, signal } from '@preact/signals';

/** The sections of the top bar, in its order. */
export const SECTIONS = ['live', 'shifts', 'events', 'places', 'system'] as const;

export type Section = (typeof SECTIONS)[number];

export interface Route {
  page: Section | 'camera';
  /** What follows the page in the address: `['12', 'compare']` of `#/shifts/12/compare`. */
  rest: readonly string[];
  /** What is chosen on the page: `?with=11`. */
  query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?');
  const [first = '', ...rest] = path.split('/').map(decoded);
  const query = new URLSearchParams(search);
  if (first === 'cameras' && rest[0]) return { page: 'camera', rest, query };
  const page = SECTIONS.find((section) => section === first);
  return page ? { page, rest, query } : { page: 'live', rest: [], query };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a page; what is undefined or empty is left out. */
export function href(
  page: Section | 'cameras',
  rest: readonly (string | number)[] = [],
  query: Record<string, string | number | undefined> = {},
): string {
  const path = [page === 'live' ? '' : page, ...rest].map((part) => encodeURIComponent(part)).join('/');
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `#/${path}${search && `?${search}`}`;
}

export const cameraHref = (camera: string) => href('cameras', [camera]);

/** Whether the reader may go there, or leave the console where there is no page; it may ask them. */
type MayGo = (next: Route | undefined) => boolean;

let mayGo: MayGo | undefined;

/** Has `ask` decide about every other address until the returned function is called. */
export function guard(ask: MayGo): () => void {
  mayGo = ask;
  return () => {
    if (mayGo === ask) mayGo = undefined;
  };
}

/** Whether the reader may leave the console altogether. */
export const mayLeave = (): boolean => mayGo?.(undefined) !== false;

/** Goes to an address as another choice on the same page does: without a step in the browser's history. */
export function replace(address: string): void {
  if (!isAllowed(address)) return;
  allowed = address;
  window.location.replace(address);
}

/** That of the address, once the reader has gone there. */
export const hash = signal(window.location.hash);
/** The address that was asked about already. */
let allowed: string | undefined;
/** Steps in the browser's history, as it was last seen. */
let steps = window.history.length;

const isAllowed = (address: string) =>
  address === allowed || address === hash.value || mayGo?.(parseRoute(address)) !== false;

window.addEventListener('hashchange', () => {
  const next = window.location.hash;
  if (isAllowed(next)) {
    hash.value = next;
  } else if (window.history.length > steps) {
    // A link made a step: that is taken back.
    window.history.back();
  } else {
    // The browser's Back or Forward was pressed.
    window.history.pushState(null, '', hash.value || '#/');
  }
  allowed = undefined;
  steps = window.history.length;
});

export const route = computed<Route>(() => parseRoute(hash.value));
