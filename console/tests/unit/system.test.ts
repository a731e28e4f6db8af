// The System page's reckoning: figures out of `/metrics`, days of a zone, lines of a description, words for a change.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../fakes/page';
import { dateIn, startOfDay } from '../../src/data/clock';
import { deedOf } from '../../src/pages/system/changes';
import { byLine, isModelManifest, spanOf } from '../../src/pages/system/findings';
import { joined, lineOf, seriesOf, sumsOf } from '../../src/pages/system/metrics';

const TEXT = `# TYPE atalaya_camera_fps_in gauge
atalaya_camera_fps_in{camera="a } b",tenant="1"} 6.5
atalaya_camera_fps_in{camera="c",tenant="1"} 7
atalaya_camera_inference_seconds_bucket{le="+Inf",camera="c"} 9
process_cpu_seconds_total 7.21
broken NaN
# EOF`;

test('metrics_are_summed_over_their_labels_and_buckets_are_left_out', () => {
  assert.deepEqual(
    [...sumsOf(TEXT)],
    [
      ['atalaya_camera_fps_in', 13.5],
      ['process_cpu_seconds_total', 7.21],
    ],
  );
});

const reading = (at: number, sums: Record<string, number>) => ({ at, sums: new Map(Object.entries(sums)) });

test('a_rate_is_told_from_the_second_reading_on_and_not_over_a_counter_that_began_anew', () => {
  const cpu = [10, 11, 2, 4].map((process_cpu_seconds_total, at) =>
    reading(at * 2000, { process_cpu_seconds_total }),
  );
  assert.deepEqual(seriesOf('cpu', cpu), [
    { at: 2000, value: 0.5 },
    { at: 6000, value: 1 },
  ]);
});

test('the_mean_of_an_inference_is_of_those_between_two_readings', () => {
  const of = (sum: number, count: number) => ({
    atalaya_camera_inference_seconds_sum: sum,
    atalaya_camera_inference_seconds_count: count,
  });
  const readings = [reading(0, of(1, 10)), reading(1000, of(1.5, 20)), reading(2000, of(1.5, 20))];
  assert.deepEqual(seriesOf('inference', readings), [{ at: 1000, value: 50 }]);
});

test('readings_are_kept_for_a_quarter_of_an_hour_and_forgotten_when_the_server_starts_anew', () => {
  let kept: ReturnType<typeof joined> = [];
  for (let at = 0; at < 200; at += 1) kept = joined(kept, reading(at, { process_start_time_seconds: 5 }));
  assert.deepEqual([kept.length, kept[0]?.at], [180, 20]);
  assert.equal(joined(kept, reading(200, { process_start_time_seconds: 9 })).length, 1);
});

test('a_line_fills_its_box_and_one_point_is_none', () => {
  const points = [
    { at: 0, value: 0 },
    { at: 5, value: 4 },
    { at: 20, value: 2 },
  ];
  assert.equal(lineOf(points, 120, 20), '0.0,20.0 30.0,0.0 120.0,10.0');
  assert.equal(lineOf(points.slice(0, 1), 120, 20), '');
  assert.equal(
    lineOf(
      points.map(({ at }) => ({ at, value: 0 })),
      1,
      1,
    ),
    '0.0,1.0 0.3,1.0 1.0,1.0',
  );
});

test('a_day_begins_by_the_clock_of_its_zone', () => {
  assert.equal(startOfDay('UTC', '2026-11-23'), '2026-11-23T00:00:00.000Z');
  assert.equal(startOfDay('America/Argentina/Buenos_Aires', '2026-11-23'), '2026-11-23T03:00:00.000Z');
  assert.equal(startOfDay('Asia/Kolkata', '2026-11-23'), '2026-11-22T18:30:00.000Z');
  assert.equal(startOfDay('Europe/Madrid', '2026-03-29', 1), '2026-03-29T22:00:00.000Z');
  assert.equal(startOfDay('Europe/Madrid', '2026-10-25'), '2026-10-24T22:00:00.000Z');
  assert.equal(startOfDay('Europe/Madrid', '2026-10-25', 1), '2026-10-25T23:00:00.000Z');
  // Clocks go from 0:00 to 1:00 there on that day.
  assert.equal(startOfDay('Africa/Cairo', '2026-04-24'), '2026-04-23T22:00:00.000Z');
  assert.equal(startOfDay('UTC', ''), undefined);
  assert.equal(startOfDay('UTC', '2026-02-30'), undefined);
  assert.equal(startOfDay('UTC', '2026-13-01'), undefined);
  assert.equal(dateIn('America/Argentina/Buenos_Aires', Date.parse('2026-11-23T02:59:59Z')), '2026-11-22');
});

test('what_is_found_stands_at_its_line_or_at_none', () => {
  const findings = [
    { line: 3, reason: 'a' },
    { line: null, reason: 'b' },
    { line: 3, reason: 'c' },
    { line: 9, reason: 'd' },
  ];
  assert.deepEqual(
    [...byLine(findings, 4)],
    [
      [3, ['a', 'c']],
      [0, ['b', 'd']],
    ],
  );
  assert.deepEqual(spanOf('ab\ncde\n', 2), [3, 6]);
  assert.deepEqual(spanOf('ab\ncde\n', 3), [7, 7]);
});

test('a_model_is_told_from_a_pipeline', () => {
  assert.equal(isModelManifest('name = "x"\nsha256 = "00"\n'), true);
  assert.equal(isModelManifest("name = 'x'\nlaunch = '''\nsha256 = 1\n'''"), false);
  assert.equal(isModelManifest(''), false);
});

test('a_change_is_told_as_what_was_done_to_what', () => {
  assert.deepEqual(deedOf({ method: 'POST', resource: 'cameras/hall/restart' }), ['restart', 'cameras/hall']);
  assert.deepEqual(deedOf({ method: 'POST', resource: 'cameras/start' }), ['POST', 'cameras/start']);
  assert.deepEqual(deedOf({ method: 'POST', resource: 'cameras/hall' }), ['POST', 'cameras/hall']);
  assert.deepEqual(deedOf({ method: 'DELETE', resource: 'tokens/0af' }), ['DELETE', 'tokens/0af']);
});
