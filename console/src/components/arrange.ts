// How many tiles stand in a row. Pure.

/** Space between tiles, and a tile's name and figures above and below its picture, px; as in the style sheet. */
export const GAP_PX = 12;
export const TILE_CHROME_PX = 78;

/** Below this width a picture shows nobody; the wall scrolls instead. */
const MIN_TILE_PX = 320;

export interface Arrangement {
  columns: number;
  tileWidth: number;
}

/** The arrangement with the largest pictures that fits the window, or scrolls where none fits. */
export function arrange(tiles: number, room: { width: number; height: number }, aspect: number): Arrangement {
  const most = Math.max(1, Math.floor((room.width + GAP_PX) / (MIN_TILE_PX + GAP_PX)));
  let best: Arrangement | undefined;
  for (let columns = 1; columns <= Math.min(most, Math.max(1, tiles)); columns += 1) {
    const rows = Math.ceil(tiles / columns);
    const widest = (room.width - GAP_PX * (columns - 1)) / columns;
    const tallest = (room.height - GAP_PX * (rows - 1)) / rows - TILE_CHROME_PX;
    const tileWidth = Math.floor(Math.min(widest, tallest * aspect));
    if (tileWidth > (best?.tileWidth ?? 0)) best = { columns, tileWidth };
  }
  if (best && best.tileWidth >= Math.min(MIN_TILE_PX, room.width)) return best;
  const columns = Math.min(most, Math.max(1, tiles));
  return { columns, tileWidth: Math.floor((room.width - GAP_PX * (columns - 1)) / columns) };
}
