// Which cameras a wall of so many tiles shows. Pure.

/** Tiles of a wall; auto: as many as there are cameras. */
export const LAYOUTS = ['auto', '1', '4', '9', '16'] as const;

export type Layout = (typeof LAYOUTS)[number];

export const layoutOf = (text: string | null): Layout | undefined =>
  LAYOUTS.find((layout) => layout === text);

export interface WallPage<T> {
  shown: readonly T[];
  /** From 1; one that is not there is the nearest that is. */
  page: number;
  pages: number;
  /** The first and last shown, from 1. */
  from: number;
  to: number;
}

export function pageOf<T>(all: readonly T[], layout: Layout, wanted: number): WallPage<T> {
  const tiles = layout === 'auto' ? Math.max(1, all.length) : Number(layout);
  const pages = Math.max(1, Math.ceil(all.length / tiles));
  const page = Math.min(pages, Math.max(1, Math.trunc(wanted) || 1));
  const first = (page - 1) * tiles;
  const shown = all.slice(first, first + tiles);
  return { shown, page, pages, from: first + 1, to: first + shown.length };
}
