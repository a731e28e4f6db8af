import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Camera, CameraStateName } from '../../src/api';
import { aspectOf, factsOf, visitsOf, wallClock } from '../../src/data/facts';

function camera(state: CameraStateName, people = 0, width = 640): Camera {
  const status = { state, people_now: people, width, height: 480 } as Camera['status'];
  return { id: state, name: state, pipeline: 'rtsp', enabled: true, status };
}

const SUMMARY = {
  shift: { name: 'night', start: '2026-05-04T22:00:00-03:00', end: '2026-05-05T06:00:00-03:00' },
  visits: 12,
  visits_by_camera: [{ camera: 'entrance', visits: 12 }],
};

test('only_running_cameras_have_people_and_a_stopped_one_is_not_missing', () => {
  const facts = factsOf([camera('running', 3), camera('lost', 9), camera('stopped')], SUMMARY);
  assert.deepEqual(facts, {
    running: 1,
    cameras: 2,
    peopleNow: 3,
    visits: 12,
    shift: { name: 'night', startsAt: '22:00' },
  });
});

test('a_camera_without_visits_counts_none_once_the_server_has_spoken', () => {
  assert.equal(visitsOf(SUMMARY, 'entrance'), 12);
  assert.equal(visitsOf(SUMMARY, 'bar'), 0);
  assert.equal(visitsOf(undefined, 'bar'), undefined);
});

test('a_shift_begins_by_the_clock_of_its_branch', () => {
  assert.equal(wallClock('2026-05-04T14:00:00+02:00'), '14:00');
});

test('pictures_of_one_shape_get_no_bars', () => {
  assert.equal(aspectOf([camera('running'), camera('lost')]), 640 / 480);
  assert.equal(aspectOf([camera('running'), camera('lost', 0, 1920)]), 16 / 9);
  assert.equal(aspectOf([camera('connecting', 0, 0)]), 16 / 9);
});
