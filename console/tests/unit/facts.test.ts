import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Camera, CameraStateName, Summary } from '../../src/api';
import { aspectOf, factsOf, keepSizes, type Shifts, visitsOf, wallClock } from '../../src/data/facts';

function camera(state: CameraStateName, people = 0, width = 640, branch = 1): Camera {
  const status = { state, people_now: people, width, height: 480 } as Camera['status'];
  return { id: state, branch_id: branch, name: state, pipeline: 'rtsp', enabled: true, status } as Camera;
}

function summary(visits: number, of: string, start = '2026-05-04T22:00:00-03:00', name = 'night'): Summary {
  const shift = { name, start, end: '2026-05-05T06:00:00-03:00' };
  return { shift, visits, visits_by_camera: visits > 0 ? [{ camera: of, visits }] : [] };
}

const ONE: Shifts = new Map([[1, { summary: summary(12, 'running') }]]);
const TWO = [camera('running'), camera('lost', 0, 640, 2)];

test('only_running_cameras_have_people_and_a_stopped_one_is_not_missing', () => {
  const facts = factsOf([camera('running', 3), camera('lost', 9), camera('stopped')], ONE);
  assert.deepEqual([facts.running, facts.cameras, facts.peopleNow], [1, 2, 3]);
  assert.deepEqual(facts.visits, {
    count: 12,
    counted: 1,
    branches: 1,
    shift: { name: 'night', startsAt: '22:00' },
    oldSince: undefined,
  });
});

test('visits_of_several_branches_add_up', () => {
  // The same shift by the clock on each wall, though not at the same instant.
  const both = new Map([...ONE, [2, { summary: summary(5, 'lost', '2026-05-04T22:00:00-04:00') }]]);
  const { visits } = factsOf(TWO, both);
  assert.deepEqual(
    [visits?.count, visits?.counted, visits?.branches, visits?.shift?.startsAt],
    [17, 2, 2, '22:00'],
  );
});

test('branches_in_different_shifts_have_none_in_common', () => {
  const later = summary(5, 'lost', '2026-05-05T06:00:00+02:00', 'morning');
  const { visits } = factsOf(TWO, new Map([...ONE, [2, { summary: later }]]));
  assert.deepEqual([visits?.count, visits?.shift], [17, undefined]);
});

test('what_is_not_known_of_a_branch_is_not_taken_for_none', () => {
  assert.equal(factsOf(TWO, new Map()).visits, undefined);
  const { visits } = factsOf(TWO, ONE);
  assert.deepEqual([visits?.count, visits?.counted, visits?.branches], [12, 1, 2]);
  assert.deepEqual(
    TWO.map((camera) => visitsOf(ONE, camera)),
    [12, undefined],
  );
});

test('a_sum_is_as_old_as_its_oldest_part', () => {
  const old = (ms: number) => ({ summary: summary(1, 'lost'), oldSince: ms });
  const shifts = new Map([
    [1, old(900)],
    [2, old(400)],
  ]);
  assert.equal(factsOf(TWO, shifts).visits?.oldSince, 400);
});

test('a_camera_without_visits_counts_none_once_the_server_has_spoken', () => {
  assert.equal(visitsOf(ONE, camera('running')), 12);
  assert.equal(visitsOf(ONE, camera('stopped')), 0);
  assert.equal(visitsOf(new Map(), camera('stopped')), undefined);
});

test('a_shift_begins_by_the_clock_of_its_branch', () => {
  assert.equal(wallClock('2026-05-04T14:00:00+02:00'), '14:00');
});

test('pictures_of_one_shape_get_no_bars', () => {
  assert.equal(aspectOf([camera('running'), camera('lost')]), 640 / 480);
  assert.equal(aspectOf([camera('running'), camera('lost', 0, 1920)]), 16 / 9);
  assert.equal(aspectOf([camera('connecting', 0, 0)]), 16 / 9);
});

test('a_camera_that_is_lost_keeps_the_shape_of_its_picture', () => {
  const [kept] = keepSizes([camera('lost', 0, 0)], [camera('lost')]);
  assert.deepEqual([kept?.status.width, kept?.status.height], [640, 480]);
  const [changed] = keepSizes([camera('lost', 0, 1920)], [camera('lost')]);
  assert.equal(changed?.status.width, 1920);
  assert.equal(keepSizes([camera('lost', 0, 0)], undefined)[0]?.status.width, 0);
});
