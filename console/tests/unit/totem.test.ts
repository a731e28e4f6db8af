// A totem on `/ws`: how it comes in, keeps at it, and paces itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeFor } from '../../src/totem/frames';
import { Link } from '../../src/totem/link';
import { readMessage } from '../../src/totem/message';
import { periodMs } from '../../src/totem/socket';
import { queryForServer } from '../../src/totem/token';
import { firstOf, type Transport, type Way } from '../../src/totem/transport';
import { FakeSocket } from '../fakes/gateway';
import { LinkScene, TotemScene } from '../fakes/totem';

const kinds = (states: { kind: string }[]) => states.map(({ kind }) => kind);

test('a_link_is_live_when_the_server_has_said_something', async () => {
  const scene = new LinkScene({ token: 'a.b.c', query: 'totem=hall' });
  assert.equal(scene.socket.url, 'wss://venue.example/ws?totem=hall');
  assert.deepEqual(scene.socket.protocols, ['atalaya.v1', 'bearer', 'a.b.c']);
  scene.socket.open();
  assert.deepEqual(scene.socket.said, [{ type: 'ping' }]);
  assert.deepEqual(kinds(scene.states), ['connecting']);
  scene.socket.tell({ type: 'pong' });
  assert.deepEqual(kinds(scene.states), ['connecting', 'live']);
});

test('a_link_without_a_token_leaves_it_to_the_cookie', () => {
  assert.deepEqual(new LinkScene().socket.protocols, ['atalaya.v1']);
});

test('a_lost_link_comes_back_and_says_since_when_it_was_lost', async () => {
  const scene = new LinkScene();
  await scene.letIn();
  await scene.pass(2000);
  const lostAt = scene.nowMs;
  scene.socket.end();
  await scene.pass(1000);
  // Nobody is there the next time either.
  scene.socket.end();
  const [waiting] = scene.states.slice(-1);
  assert.equal(waiting?.kind === 'waiting' && waiting.since, lostAt);
  await scene.pass(10_000);
  await scene.letIn();
  assert.equal(scene.link.state.kind, 'live');
  assert.equal(scene.sockets.length, 3);
});

test('a_link_that_is_silent_is_asked_and_given_up', async () => {
  const scene = new LinkScene();
  await scene.letIn();
  await scene.pass(10_000);
  assert.equal(scene.said('ping').length, 2, 'the first one is the greeting');
  scene.socket.tell({ type: 'pong' });
  await scene.pass(10_000);
  assert.equal(scene.said('ping').length, 3);
  await scene.pass(5000);
  assert.equal(scene.link.state.kind, 'waiting');
});

test('a_server_that_never_answers_is_tried_again', async () => {
  const scene = new LinkScene();
  scene.socket.open();
  await scene.pass(10_000);
  assert.equal(scene.link.state.kind, 'waiting');
});

test('who_is_turned_away_does_not_come_back_by_itself', async () => {
  for (const [code, reason] of [
    [4401, 'unauthorized'],
    [4403, 'forbidden'],
    [4419, 'token_expired'],
  ] as const) {
    const scene = new LinkScene();
    scene.socket.open();
    scene.socket.end(code, { code: reason, retry: code === 4419 });
    await scene.pass(60_000);
    assert.deepEqual(scene.link.state, { kind: 'closed', code, reason });
    assert.equal(scene.sockets.length, 1);
  }
});

test('who_was_turned_away_is_let_in_after_signing_in_elsewhere', async () => {
  const scene = new LinkScene();
  scene.socket.end(4401, { code: 'unauthorized', retry: false });
  scene.wake?.();
  await scene.letIn();
  assert.equal(scene.link.state.kind, 'live');
});

test('what_cannot_be_a_token_is_no_reason_to_fail', () => {
  class Strict extends FakeSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      if (protocols.some((name) => / /.test(name))) throw new SyntaxError('no sub-protocol has spaces');
    }
  }
  const states: unknown[] = [];
  const link = new Link({
    url: 'https://venue.example/',
    token: 'not a token',
    onState: (state) => states.push(state),
    onMessage: () => undefined,
    world: { WebSocket: Strict, onWake: () => () => undefined },
  });
  link.open();
  assert.deepEqual(states, [{ kind: 'closed', code: 4401, reason: 'unauthorized' }]);
});

test('a_full_server_is_waited_for', async () => {
  const scene = new LinkScene();
  scene.socket.open();
  scene.socket.end(1013, { code: 'max_connections', retry: true, retry_ms: 3000 });
  await scene.pass(2900);
  assert.equal(scene.sockets.length, 1);
  await scene.pass(2000);
  assert.equal(scene.sockets.length, 2);
});

test('a_network_that_is_back_is_used_at_once', async () => {
  const scene = new LinkScene();
  scene.socket.end(1013, { code: 'try_later', retry: true, retry_ms: 60_000 });
  scene.wake?.();
  assert.equal(scene.sockets.length, 2);
});

test('what_a_left_connection_says_is_nobodys', async () => {
  const scene = new LinkScene();
  await scene.letIn();
  const old = scene.socket;
  scene.link.open();
  old.tell({ type: 'skipped', answers: 1 });
  assert.equal(
    scene.messages.some(({ type }) => type === 'skipped'),
    false,
  );
  scene.link.close();
  await scene.pass(60_000);
  assert.equal(scene.sockets.length, 2);
});

test('the_next_picture_goes_out_when_the_last_one_was_answered', async () => {
  const scene = new TotemScene();
  await scene.letIn();
  assert.deepEqual(
    scene.pictures.map(({ image_data }) => image_data),
    [scene.picture],
  );
  await scene.pass(1000);
  assert.equal(scene.pictures.length, 1);
  await scene.answer();
  await scene.pass(1);
  assert.equal(scene.pictures.length, 2, 'this answer took longer than a period');
  assert.equal(scene.seen.length, 1);
});

test('a_slow_server_is_asked_less_often_and_a_quick_one_not_all_the_time', async () => {
  assert.deepEqual([5, 60, 200, 900].map(periodMs), [125, 180, 333, 333]);
  const scene = new TotemScene();
  await scene.letIn();
  await scene.pass(60);
  await scene.answer();
  await scene.pass(119);
  assert.equal(scene.pictures.length, 1);
  await scene.pass(1);
  assert.equal(scene.pictures.length, 2);
});

test('answers_to_other_totems_are_not_this_ones', async () => {
  const scene = new TotemScene();
  await scene.letIn();
  await scene.answer({});
  await scene.answer({ request_id: 'p99' });
  await scene.pass(1000);
  assert.equal(scene.seen.length, 0);
  assert.equal(scene.pictures.length, 1);
});

test('a_refusal_is_told_and_the_picture_tried_again_later', async () => {
  const scene = new TotemScene();
  await scene.letIn();
  const request_id = scene.pictures[0]?.request_id;
  scene.socket.tell({ type: 'error', code: 'busy', message: 'as many totems send as may', request_id });
  await scene.pass(1900);
  assert.deepEqual(scene.refused, ['busy']);
  assert.equal(scene.pictures.length, 1);
  await scene.pass(200);
  await scene.answer();
  assert.deepEqual(scene.refused, ['busy', undefined]);
});

test('an_answer_that_never_comes_stops_nothing', async () => {
  const scene = new TotemScene();
  await scene.letIn();
  await scene.pass(3000);
  assert.equal(scene.said('ping').length, 2, 'it asks whether anybody is there');
  scene.socket.tell({ type: 'pong' });
  await scene.pass(7000);
  assert.equal(scene.pictures.length, 2);
});

test('pictures_begin_anew_after_a_loss', async () => {
  const scene = new TotemScene();
  await scene.letIn();
  scene.socket.end();
  await scene.pass(2000);
  await scene.letIn();
  assert.equal(scene.sockets.length, 2);
  assert.equal(scene.pictures.length, 1);
  await scene.answer();
  assert.equal(scene.seen.length, 1);
});

test('a_camera_without_a_picture_sends_none', async () => {
  const scene = new TotemScene();
  scene.picture = undefined;
  await scene.letIn();
  await scene.pass(1000);
  assert.equal(scene.pictures.length, 0);
  scene.picture = 'data:image/jpeg;base64,BBBB';
  await scene.pass(200);
  assert.equal(scene.pictures.length, 1);
});

test('sounds_go_out_one_at_a_time', async () => {
  const scene = new TotemScene();
  scene.say?.(Int16Array.of(1), 16_000);
  await scene.letIn();
  assert.equal(scene.said('audio_stream').length, 0, 'nobody listened yet');
  scene.say?.(Int16Array.of(1, -1), 16_000);
  scene.say?.(Int16Array.of(2), 16_000);
  const [sound, ...others] = scene.said('audio_stream');
  const { request_id, ...said } = sound ?? {};
  assert.deepEqual(others, []);
  assert.deepEqual(said, {
    type: 'audio_stream',
    audio_data: 'AQD//w==',
    sample_rate: 16_000,
    format: 's16le',
    channels: 1,
  });
  scene.socket.tell({ type: 'voice_analysis', speech_ratio: 0.5, camera: 'totem-bar' });
  assert.equal(scene.heard.length, 0, 'that was another totem');
  scene.socket.tell({ type: 'voice_analysis', speech_ratio: 0.5, request_id });
  scene.say?.(Int16Array.of(3), 16_000);
  assert.equal(scene.heard.length, 1);
  assert.equal(scene.said('audio_stream').length, 2);
});

test('a_stopped_totem_says_nothing_more', async () => {
  const scene = new TotemScene();
  await scene.letIn();
  scene.transport.stop();
  assert.equal(scene.socket.isLeft, true);
  assert.equal(scene.say, undefined);
  await scene.pass(60_000);
  assert.equal(scene.sockets.length, 1);
  assert.equal(scene.pictures.length, 1);
});

test('the_first_way_that_passes_is_taken', () => {
  const log: string[] = [];
  const fail: (() => void)[] = [];
  const way =
    (name: string): Way =>
    (_source, _ears, cannot): Transport => {
      fail.push(cannot);
      return { start: () => log.push(`${name} starts`), stop: () => log.push(`${name} stops`) };
    };
  const nothing = undefined as never;
  const transport = firstOf([way('whip'), way('socket')], nothing, nothing);
  transport.start();
  fail[0]?.();
  // The last way has nobody to hand over to.
  fail[1]?.();
  transport.stop();
  assert.deepEqual(log, ['whip starts', 'whip stops', 'socket starts', 'socket stops']);
});

test('pictures_keep_their_shape_and_are_never_made_larger', () => {
  assert.deepEqual(sizeFor(1920, 1080), { width: 640, height: 360 });
  assert.deepEqual(sizeFor(480, 640), { width: 480, height: 640 });
  assert.deepEqual(sizeFor(320, 240), { width: 320, height: 240 });
});

test('what_the_address_says_of_a_totem_is_handed_on_and_nothing_else', () => {
  const said = new URLSearchParams('totem=hall&branch_id=2&start&token=secret&sector_id=');
  assert.equal(queryForServer(said), 'totem=hall&branch_id=2');
});

test('texts_that_are_no_messages_are_passed_over', () => {
  for (const text of ['', 'null', '[]', '{"type":1}', '{"kind":"x"}', undefined, new ArrayBuffer(1)]) {
    assert.equal(readMessage(text), undefined);
  }
  assert.deepEqual(readMessage('{"type":"pong"}'), { type: 'pong' });
});
