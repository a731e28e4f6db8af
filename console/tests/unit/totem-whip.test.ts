import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFrame } from '../../src/totem/whip';

const person = (track: number, width: number, height: number, more = {}) => ({
  track,
  label: 'person',
  confidence: 0.9,
  box: [0, 0, width, height],
  ...more,
});

const read = (detections: unknown[]) => readFrame(JSON.stringify({ width: 640, height: 480, detections }));

test('people_are_told_nearest_first_and_things_not_at_all', () => {
  const seen = read([person(1, 10, 20), { ...person(2, 300, 300), label: 'backpack' }, person(3, 40, 50)]);
  assert.deepEqual(
    seen?.detections.map(({ track }) => track),
    [3, 1],
  );
});

test('of_whom_nobody_has_looked_closer_nothing_is_known', () => {
  const garment = { value: 'jacket', confidence: 0.7 };
  const seen = read([person(1, 20, 20, { attributes: { garment } }), person(2, 10, 10)]);
  assert.deepEqual(seen?.detections[0]?.attributes.garment, garment);
  assert.equal(seen?.detections[1]?.attributes.garment.value, null);
});

test('what_is_no_frame_shows_nothing', () => {
  assert.equal(readFrame('{"missed":3}'), undefined);
});
