// How many tiles the wall has, and which of its pages is shown; both are in the address.

import { words } from '../i18n';
import { setWallLayout, wallLayout } from '../prefs';
import { href, replace, route } from '../routes';
import { Choice } from './form';
import { IconButton } from './icon-button';
import { NextIcon, PreviousIcon } from './icons';
import { LAYOUTS, type Layout, layoutOf, pageOf, type WallPage } from './paging';

/** The layout that the address names, else the one that was chosen last. */
export const layoutNow = (): Layout =>
  layoutOf(route.value.query.get('layout')) ?? layoutOf(wallLayout.value) ?? 'auto';

/** What of `all` the wall shows now. */
export const wallPage = <T,>(all: readonly T[]): WallPage<T> =>
  pageOf(all, layoutNow(), Number(route.value.query.get('page') ?? 1));

export function WallBar({ page, all }: { page: WallPage<unknown>; all: number }) {
  const layout = layoutNow();
  const { wall } = words.value;
  const go = (to: { layout: Layout; page: number }) =>
    replace(href('live', [], { layout: to.layout, page: to.page > 1 ? to.page : undefined }));
  return (
    <div class="wall-bar">
      {page.pages > 1 && (
        <>
          <IconButton
            label={wall.previous}
            disabled={page.page === 1}
            onClick={() => go({ layout, page: page.page - 1 })}
          >
            <PreviousIcon />
          </IconButton>
          <span class="figure">{wall.range(page.from, page.to, all)}</span>
          <IconButton
            label={wall.next}
            disabled={page.page === page.pages}
            onClick={() => go({ layout, page: page.page + 1 })}
          >
            <NextIcon />
          </IconButton>
        </>
      )}
      <Choice
        label={wall.tiles}
        value={layout}
        onValue={(next) => {
          setWallLayout(next);
          // The camera that was first stays in sight.
          const tiles = next === 'auto' ? all : Number(next);
          go({ layout: next, page: Math.floor((page.from - 1) / tiles) + 1 });
        }}
        options={LAYOUTS.map((value) => ({ value, name: value === 'auto' ? wall.auto : value }))}
      />
    </div>
  );
}
