import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../fakes/page';
import { peakSince } from '../../src/api/camera';

const minute = (at: string, max: number) => ({ start: `2026-11-23T${at}:00+01:00`, min: 0, mean: 1, max });
const START = '2026-11-23T12:00:00+01:00';

test('a_peak_before_the_hour_is_not_of_the_hour', () => {
  const points = [minute('11:50', 8), minute('12:00', 3), minute('12:04', 5), minute('12:07', 5)];
  assert.deepEqual(peakSince({ points }, START), { people: 5, at: '2026-11-23T12:04:00+01:00' });
});

test('an_hour_without_anybody_has_no_peak', () => {
  assert.equal(peakSince({ points: [minute('11:50', 8), minute('12:01', 0)] }, START), undefined);
  assert.equal(peakSince({ points: [] }, START), undefined);
});
