import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrange, GAP_PX, TILE_CHROME_PX } from '../../src/components/arrange';

const ASPECT = 4 / 3;

test('one_camera_is_as_large_as_the_window_lets_it_be', () => {
  const wide = arrange(1, { width: 2000, height: 600 }, ASPECT);
  assert.deepEqual(wide, { columns: 1, tileWidth: (600 - TILE_CHROME_PX) * ASPECT });
  const tall = arrange(1, { width: 400, height: 2000 }, ASPECT);
  assert.deepEqual(tall, { columns: 1, tileWidth: 400 });
});

test('tiles_never_stick_out_sideways', () => {
  for (const tiles of [1, 2, 3, 5, 9, 16, 40]) {
    for (const width of [320, 360, 800, 1280, 2560]) {
      const { columns, tileWidth } = arrange(tiles, { width, height: 700 }, ASPECT);
      assert.ok(columns * tileWidth + (columns - 1) * GAP_PX <= width, `${tiles} in ${width}`);
      assert.ok(tileWidth > 0);
    }
  }
});

test('a_wall_that_does_not_fit_scrolls_instead_of_shrinking_people_away', () => {
  const { tileWidth } = arrange(40, { width: 1280, height: 700 }, ASPECT);
  assert.ok(tileWidth >= 320, `${tileWidth}`);
});

test('four_cameras_on_a_screen_stand_two_by_two', () => {
  assert.equal(arrange(4, { width: 1256, height: 700 }, 16 / 9).columns, 2);
});
