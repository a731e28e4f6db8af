import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layoutOf, pageOf } from '../../src/components/paging';

const ALL = Array.from({ length: 23 }, (_, at) => at + 1);

test('a_wall_of_nine_tiles_shows_twenty_three_cameras_on_three_pages', () => {
  const { shown, pages, from, to } = pageOf(ALL, '9', 3);
  assert.deepEqual([shown, pages, from, to], [[19, 20, 21, 22, 23], 3, 19, 23]);
});

test('a_page_that_is_not_there_is_the_nearest_that_is', () => {
  assert.equal(pageOf(ALL, '4', 99).page, 6);
  assert.equal(pageOf(ALL, '4', Number.NaN).page, 1);
  assert.equal(pageOf([], '4', 2).page, 1);
});

test('without_a_layout_all_are_shown', () => {
  assert.equal(pageOf(ALL, 'auto', 1).shown.length, 23);
  assert.deepEqual([layoutOf('9'), layoutOf('7'), layoutOf(null)], ['9', undefined, undefined]);
});
