import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewQuery } from '../../src/api';

test('a_picture_is_asked_for_about_as_large_as_it_is_shown', () => {
  const heights = [1, 180, 199, 201, 400, 540.5, 720, 800].map((lines) => viewQuery({ drawn: true, lines }));
  assert.deepEqual(
    heights,
    [180, 180, 180, 360, 360, 540, 720, 720].map((height) => `?overlay=true&height=${height}`),
  );
});

test('a_picture_larger_than_all_that_are_made_is_the_cameras_own', () => {
  assert.equal(viewQuery({ drawn: false, lines: 801 }), '?overlay=false');
  assert.equal(viewQuery({ drawn: false }), '?overlay=false');
});
