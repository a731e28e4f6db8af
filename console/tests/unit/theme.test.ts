import assert from 'node:assert/strict';
import { test } from 'node:test';
import { themeOf } from '../../src/theme';

test('walls_are_dark_and_reports_as_the_system_is_until_somebody_chooses', () => {
  const both = (hash: string) => [themeOf(null, hash, false), themeOf(null, hash, true)];
  for (const wall of ['', '#/', '#/?tiles=4', '#/cameras/shifts', '#/nowhere']) {
    assert.deepEqual(both(wall), ['dark', 'dark'], wall);
  }
  for (const report of [
    '#/shifts',
    '#/shifts/12/compare',
    '#/events?type=visit',
    '#/places',
    '#places',
    '#/system/jobs',
  ]) {
    assert.deepEqual(both(report), ['light', 'dark'], report);
  }
  assert.equal(themeOf('light', '#/', true), 'light');
  assert.equal(themeOf('dark', '#/shifts', false), 'dark');
  assert.equal(themeOf('pink', '#/shifts', false), 'light', 'what is no theme was not chosen');
});
