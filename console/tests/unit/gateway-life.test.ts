import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, Scene } from '../fakes/gateway';

test('a_code_that_is_final_ends_it', async () => {
  for (const [code, reason] of [
    [4400, 'bad_message'],
    [4401, 'unauthorized'],
    [4403, 'forbidden'],
    [4410, 'session_closed'],
  ] as const) {
    const scene = new Scene();
    (await scene.begin()).end(code, { code: reason, retry: false });
    await scene.pass(60_000);
    scene.client.wake();
    assert.equal(scene.wake, undefined, 'it waits for nothing any more');
    assert.deepEqual(scene.states.at(-1), { kind: 'closed', code, reason });
    assert.equal(scene.sockets.length, 1);
  }
});

test('the_server_says_when_to_come_back_and_not_all_come_at_once', async () => {
  const scene = new Scene();
  (await scene.begin()).end(1012, { code: 'restart', retry: true, retry_ms: 5000 });
  assert.deepEqual(scene.states.at(-1), {
    kind: 'waiting',
    retryAt: scene.nowMs + 5200,
    code: 1012,
    reason: 'restart',
  });
  await scene.pass(5199);
  assert.equal(scene.sockets.length, 1);
  await scene.pass(1);
  assert.equal(scene.sockets.length, 2);
});

test('waits_grow_while_it_fails_and_are_short_again_after_a_good_while', async () => {
  const scene = new Scene({ sse: null });
  scene.chance = 1;
  await scene.begin();
  const waits: number[] = [];
  for (let tries = 0; tries < 5; tries += 1) {
    scene.socket.end();
    const state = scene.client.state;
    assert.ok(state.kind === 'waiting');
    waits.push(state.retryAt - scene.nowMs);
    await scene.pass(10_000);
  }
  assert.deepEqual(waits, [300, 900, 2700, 8100, 10_000]);
  await scene.begin({});
  scene.socket.tell({ type: 'resumed', recovered: true, streams: {} });
  await scene.pass(10_000);
  scene.socket.end();
  assert.ok(scene.client.state.kind === 'waiting');
  assert.equal(scene.client.state.retryAt, scene.nowMs + 300);
});

test('an_expired_token_is_replaced_and_a_new_one_brought_in_time', async () => {
  const scene = new Scene();
  (await scene.begin()).end(4419, { code: 'token_expired', retry: true, retry_ms: 100, new_token: true });
  await scene.comeBack();
  scene.socket.tell({ type: 'resumed', recovered: true, streams: {} });
  assert.deepEqual(scene.wishes, ['any', 'new']);
  scene.socket.tell({ type: 'token_expiring', expires_at: '2030-01-01T00:00:30Z' });
  await scene.pass(0);
  assert.deepEqual(scene.wishes, ['any', 'new', 'new']);
  assert.deepEqual(scene.socket.said.at(-1), { type: 'auth_refresh', token: 'token 3' });
  scene.socket.tell({ type: 'token_expiring', expires_at: '' });
  scene.socket.end();
  await scene.pass(10_000);
  assert.deepEqual(scene.wishes.slice(0, 4), ['any', 'new', 'new', 'any'], 'any will do after another loss');
  assert.equal(
    scene.wishes.filter((wish) => wish === 'new').length,
    2,
    'the next connection needs no refresh',
  );
});

test('a_token_that_is_not_new_is_not_sent_and_another_is_asked_for_in_a_while', async () => {
  let tokens = ['old', 'old', 'new'];
  const scene = new Scene({
    token: () => {
      const [token, ...others] = tokens;
      tokens = others;
      if (!token) throw new Error('nobody is signed in');
      return token;
    },
  });
  const socket = await scene.begin();
  socket.tell({ type: 'token_expiring', expires_at: '' });
  await scene.pass(4000);
  assert.equal(tokens.length, 1);
  assert.ok(!socket.said.some(({ type }) => type === 'auth_refresh'));
  await scene.pass(1000);
  assert.deepEqual(socket.said.at(-1), { type: 'auth_refresh', token: 'new' });
  // A server that says so again and again is not answered as fast.
  const before = socket.said.length;
  for (let again = 0; again < 20; again += 1) socket.tell({ type: 'token_expiring', expires_at: '' });
  await scene.pass(1000);
  assert.equal(socket.said.length, before);
});

test('a_new_token_of_somebody_else_gets_a_connection_of_its_own', async () => {
  const scene = new Scene();
  const socket = await scene.begin();
  socket.tell({ type: 'error', code: 'auth_refused', message: 'of another user' });
  assert.ok(socket.isLeft);
  await scene.pass(1000);
  assert.deepEqual(scene.wishes, ['any', 'new']);
  assert.equal(scene.sockets.length, 2);
});

test('a_token_that_cannot_be_had_is_asked_for_again', async () => {
  let tries = 0;
  const scene = new Scene({
    token: async () => {
      tries += 1;
      if (tries < 3) throw new Error('away');
      return 'token';
    },
  });
  await scene.pass(0);
  assert.equal(scene.client.state.kind, 'waiting');
  await scene.pass(2000);
  assert.equal(tries, 3);
  assert.equal(scene.sockets.length, 1);
});

test('a_server_that_is_silent_is_asked_and_left_when_it_does_not_answer', async () => {
  const scene = new Scene();
  const socket = await scene.begin();
  const pings = () => socket.said.filter(({ type }) => type === 'ping').length;
  await scene.pass(24_000);
  socket.tell(event(11));
  await scene.pass(24_000);
  assert.equal(pings(), 1, 'it has just spoken');
  await scene.pass(1000);
  assert.equal(pings(), 2);
  socket.tell({ type: 'pong' });
  await scene.pass(25_000);
  assert.equal(pings(), 3);
  assert.equal(scene.client.state.kind, 'live');
  await scene.pass(9999);
  assert.equal(scene.client.state.kind, 'live');
  await scene.pass(1);
  assert.equal(scene.client.state.kind, 'waiting');
  assert.ok(socket.isLeft);
  socket.tell(event(12));
  assert.deepEqual(scene.offsets, [11], 'what is said too late comes again');
  await scene.pass(1000);
  socket.end();
  assert.equal(
    scene.states.at(-1)?.kind,
    'connecting',
    'the late end of the old one is not that of the new one',
  );
});

test('a_server_that_does_not_answer_the_door_is_left_and_one_that_sends_much_is_not', async () => {
  const scene = new Scene();
  await scene.pass(14_999);
  assert.equal(scene.client.state.kind, 'connecting');
  await scene.pass(1);
  assert.deepEqual(scene.states.at(-1)?.kind, 'waiting');
  const behind = new Scene({ since: {} });
  await behind.settle();
  behind.socket.open();
  for (let offset = 1; offset <= 10; offset += 1) {
    await behind.pass(10_000);
    behind.socket.tell(event(offset));
  }
  assert.equal(behind.sockets.length, 1);
});

test('a_wake_tries_at_once_or_looks_whether_the_server_is_there', async () => {
  const scene = new Scene();
  const socket = await scene.begin();
  scene.wake?.();
  assert.equal(socket.said.length, 3);
  await scene.pass(10_000);
  assert.equal(scene.client.state.kind, 'waiting');
  const before = scene.sockets.length;
  scene.wake?.();
  await scene.settle();
  assert.equal(scene.sockets.length, before + 1);
});

test('who_leaves_hears_nothing_more', async () => {
  const scene = new Scene({ onEvent: () => scene.client.close() });
  const socket = await scene.begin();
  const { onmessage } = socket;
  socket.tell(event(11));
  onmessage?.({ data: JSON.stringify(event(12)) });
  assert.ok(socket.isLeft);
  await scene.pass(60_000);
  assert.deepEqual(scene.states.at(-1), { kind: 'closed', code: 1000, reason: 'left' });
  assert.equal(scene.sockets.length, 1);
  const behind = new Scene({
    since: {},
    onEvent: (heard) => behind.events.push(heard) && behind.client.close(),
  });
  await behind.settle();
  behind.socket.open();
  behind.socket.tell(event(1), event(2), { type: 'resumed', recovered: true, streams: {} });
  assert.deepEqual(behind.offsets, [1]);
  assert.equal(behind.client.state.kind, 'closed');
  const early = new Scene({ onState: () => queueMicrotask(() => early.client.close()) });
  await early.pass(60_000);
  assert.equal(early.sockets.length, 0);
});

test('a_socket_that_cannot_be_made_ends_it', async () => {
  const scene = new Scene({
    world: {
      WebSocket: class {
        constructor() {
          throw new SyntaxError('a token with a space is no sub-protocol');
        }
      } as never,
    },
  });
  await scene.settle();
  assert.equal(scene.client.state.kind, 'closed');
});
