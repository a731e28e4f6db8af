import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../src/api/http';
import type { Ears, Source } from '../../src/totem/transport';
import { Tries } from '../../src/totem/tries';
import { overWhip, readFrame } from '../../src/totem/whip';

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

test('a_browser_that_does_not_tell_frames_apart_takes_another_way_and_leaves_nobody_listening', () => {
  Object.assign(globalThis, { RTCPeerConnection: class {}, HTMLVideoElement: class {} });
  const log: string[] = [];
  const source = {
    stream: { getVideoTracks: () => [{}] },
    onSound() {
      log.push('hears');
      return () => log.push('hears no more');
    },
  } as unknown as Source;
  const transport = overWhip({ camera: 'hall' })(source, {} as Ears, () => {
    log.push('cannot');
    transport.stop();
  });
  transport.start();
  assert.deepEqual(log, ['hears', 'cannot', 'hears no more']);
});

const missing = new ApiError(404, 'no camera "hall"');

/** Tries of which one was live, for a second. */
function passed(): Tries {
  const tries = new Tries(() => 1);
  tries.live(0);
  tries.after('the pictures ended', 1000);
  return tries;
}

const waitOf = (tries: Tries, end: unknown, now: number) => {
  const next = tries.after(end, now);
  return next?.kind === 'waiting' ? next.retryAt - now : next?.kind;
};

test('what_never_passed_is_not_tried_again', () => {
  for (const end of [
    missing,
    new ApiError(409, 'it is stopped'),
    new ApiError(0, 'left'),
    'nothing was answered',
  ]) {
    assert.equal(new Tries().after(end, 0), undefined);
  }
});

test('a_camera_that_is_stopped_is_waited_for_and_one_that_was_deleted_for_a_moment', () => {
  const stopped = new ApiError(409, 'camera "hall" is stopped');
  const tries = passed();
  for (let time = 0; time < 20; time += 1) assert.equal(tries.after(stopped, time)?.kind, 'waiting');
  assert.equal(tries.after(missing, 20)?.kind, 'waiting');
  assert.equal(tries.after(missing, 21)?.kind, 'waiting');
  assert.equal(tries.after(missing, 22), undefined);
});

test('a_camera_that_is_made_anew_is_found_again', () => {
  const tries = passed();
  for (let time = 0; time < 9; time += 1) {
    const end = time % 3 === 2 ? 'connection lost' : missing;
    assert.equal(tries.after(end, time)?.kind, 'waiting');
  }
});

test('who_may_not_does_not_come_back_by_itself', () => {
  for (const status of [401, 403]) {
    const end = new ApiError(status, 'not you');
    assert.deepEqual(passed().after(end, 5), { kind: 'closed', code: 4000 + status, reason: 'not you' });
  }
});

test('waits_grow_until_a_connection_has_held', () => {
  const tries = passed();
  assert.equal(waitOf(tries, 'sent away', 1000), 1000);
  tries.live(2000);
  assert.equal(waitOf(tries, 'sent away', 11_999), 2000, 'somebody else may be publishing, too');
  tries.live(20_000);
  assert.equal(waitOf(tries, 'sent away', 30_000), 500);
});

test('it_is_lost_since_it_was_live_last', () => {
  const tries = passed();
  const since = (now: number) => {
    const next = tries.after('connection lost', now);
    return next?.kind === 'waiting' && next.since;
  };
  assert.equal(since(3000), 1000);
  tries.live(4000);
  assert.equal(since(5000), 5000);
});
