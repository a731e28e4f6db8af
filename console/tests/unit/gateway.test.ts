import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { EVENT_TYPES, type GatewayEvent, isKnown } from '../../src/gateway';
import { Jitter } from '../../src/gateway/jitter';
import { readEnding } from '../../src/gateway/protocol';
import { event, Scene } from '../fakes/gateway';

test('a_client_says_who_it_is_and_hears_what_happens', async () => {
  const scene = new Scene();
  const socket = await scene.begin();
  assert.equal(socket.url, 'wss://venue.example/bar/ws/admin');
  assert.deepEqual(socket.protocols, ['atalaya.v1']);
  assert.deepEqual(socket.said, [{ type: 'auth', token: 'token 1' }, { type: 'ping' }]);
  assert.deepEqual(scene.client.state, { kind: 'live', by: 'websocket' });
  socket.tell(event(11), event(12, { type: 'stock.low', note: 'ice' }));
  assert.deepEqual(scene.offsets, [11, 12]);
  assert.equal(scene.events[1]?.note, 'ice');
  assert.deepEqual(scene.client.positions, { 'branch:1': { epoch: 'a', offset: 12 } });
});

test('a_token_may_travel_among_the_sub_protocols_and_a_page_may_have_none', async () => {
  const byProtocol = await new Scene({ tokenBy: 'protocol', token: () => 'a.b.c' }).begin();
  assert.deepEqual(byProtocol.protocols, ['atalaya.v1', 'bearer', 'a.b.c']);
  assert.deepEqual(byProtocol.said, [{ type: 'ping' }]);
  const scene = new Scene({ token: async () => '' });
  assert.deepEqual((await scene.begin()).said, [{ type: 'ping' }]);
});

test('waits_are_chance_between_the_first_and_thrice_the_last_and_never_too_long', () => {
  const waits = (chance: number) => {
    const jitter = new Jitter(100, 10_000, () => chance);
    return Array.from({ length: 6 }, () => Math.round(jitter.nextMs()));
  };
  assert.deepEqual(waits(0), [100, 100, 100, 100, 100, 100]);
  assert.deepEqual(waits(1), [300, 900, 2700, 8100, 10_000, 10_000]);
  const jitter = new Jitter(100, 10_000, Math.random);
  for (let last = 100, tries = 0; tries < 1000; tries += 1) {
    const next = jitter.nextMs();
    assert.ok(next >= 100 && next <= Math.min(10_000, last * 3), `${next} after ${last}`);
    last = next;
  }
});

test('after_a_loss_it_comes_back_and_asks_for_what_it_missed', async () => {
  const scene = new Scene();
  const first = await scene.begin();
  first.tell(event(11));
  first.end();
  assert.deepEqual(scene.states.at(-1), {
    kind: 'waiting',
    retryAt: scene.nowMs + 200,
    code: 1006,
    reason: 'lost',
  });
  await scene.pass(200);
  assert.equal(scene.sockets.length, 2);
  scene.socket.open();
  // Both at once: the server has not said a word yet.
  assert.deepEqual(scene.socket.said, [
    { type: 'auth', token: 'token 2' },
    { type: 'resume', streams: { 'branch:1': { epoch: 'a', offset: 11 } } },
  ]);
  scene.socket.tell({ type: 'welcome', streams: { 'branch:1': { epoch: 'a', offset: 13 } } });
  assert.equal(scene.client.state.kind, 'connecting');
  scene.socket.tell(event(12), event(13), {
    type: 'resumed',
    recovered: true,
    streams: { 'branch:1': { epoch: 'a', offset: 13, recovered: true } },
  });
  assert.equal(scene.client.state.kind, 'live');
  scene.socket.tell(event(14));
  assert.deepEqual(scene.offsets, [11, 12, 13, 14]);
  assert.deepEqual(scene.gaps, []);
});

test('what_came_before_the_answer_to_a_late_resume_is_put_in_order', async () => {
  const scene = new Scene();
  (await scene.begin()).end();
  await scene.comeBack();
  scene.socket.tell(event(13), event(11), event(12), event(13));
  assert.deepEqual(scene.offsets, [], 'they may be those from after');
  scene.socket.tell({
    type: 'resumed',
    recovered: true,
    streams: { 'branch:1': { epoch: 'a', offset: 13 } },
  });
  scene.socket.tell(event(13), event(14));
  assert.deepEqual(scene.offsets, [11, 12, 13, 14]);
});

test('a_loss_in_the_middle_of_what_was_missed_loses_nothing', async () => {
  const scene = new Scene();
  (await scene.begin()).end();
  await scene.comeBack();
  scene.socket.tell(event(11));
  scene.socket.end();
  assert.deepEqual(await scene.comeBack(), { 'branch:1': { epoch: 'a', offset: 10 } });
  scene.socket.tell(event(11), event(12));
  scene.socket.tell({
    type: 'resumed',
    recovered: true,
    streams: { 'branch:1': { epoch: 'a', offset: 12 } },
  });
  assert.deepEqual(scene.offsets, [11, 12]);
});

test('what_comes_twice_is_handed_over_once', async () => {
  const scene = new Scene();
  const socket = await scene.begin();
  socket.tell(event(11), event(11), event(10), event(12, { id: 'order 7' }), event(13, { id: 'order 7' }));
  socket.tell(event(1, { stream: 'branch:2', id: 'order 7' }));
  assert.deepEqual(scene.offsets, [11, 12, 1], 'another branch has names of its own');
  assert.equal(scene.client.positions['branch:1']?.offset, 13);
});

test('a_gap_is_told_and_so_is_what_is_not_recovered', async () => {
  const scene = new Scene();
  const socket = await scene.begin();
  const lost = { epoch: 'a', offset: 40, recovered: false };
  socket.tell({ type: 'gap', streams: { 'branch:1': lost, 'branch:2': { ...lost, recovered: true } } });
  assert.deepEqual(scene.gaps, [['branch:1']]);
  socket.tell(event(40), event(41));
  assert.deepEqual(scene.offsets, [41]);
  socket.end();
  await scene.comeBack();
  const streams = {
    'branch:1': { epoch: 'b', offset: 3, recovered: false },
    'branch:2': { epoch: 'a', offset: 44, recovered: true },
  };
  scene.socket.tell(
    event(43, { stream: 'branch:2' }),
    { type: 'resumed', recovered: false, streams },
    event(4),
  );
  assert.deepEqual(scene.gaps, [['branch:1'], ['branch:1']]);
  assert.deepEqual(scene.offsets, [41, 43, 4]);
  assert.deepEqual(scene.client.positions, {
    'branch:1': { epoch: 'b', offset: 4 },
    'branch:2': { epoch: 'a', offset: 44 },
  });
});

test('a_gap_of_what_is_asked_for_again_is_told_once', async () => {
  const scene = new Scene();
  (await scene.begin()).end();
  await scene.comeBack();
  const lost = { 'branch:1': { epoch: 'a', offset: 20, recovered: false } };
  scene.socket.tell({ type: 'gap', streams: lost }, { type: 'resumed', recovered: false, streams: lost });
  assert.deepEqual(scene.gaps, [['branch:1']]);
});

test('a_stream_that_the_server_forgot_is_a_gap_whatever_it_says', async () => {
  const scene = new Scene();
  (await scene.begin()).end();
  await scene.comeBack();
  scene.socket.tell({ type: 'resumed', recovered: true, streams: {} });
  assert.deepEqual(scene.gaps, [['branch:1']]);
  scene.socket.tell({ type: 'streams', streams: { 'branch:1': { epoch: 'b', offset: 0 } } }, event(1));
  assert.deepEqual(scene.offsets, [1], 'it counts anew');
  assert.equal(scene.gaps.length, 1);
});

test('a_stream_that_changes_its_epoch_while_one_listens_is_a_gap', async () => {
  const scene = new Scene();
  const socket = await scene.begin();
  socket.tell({ type: 'streams', streams: { 'branch:1': { epoch: 'b', offset: 2 } } }, event(3));
  assert.deepEqual(scene.gaps, [['branch:1']]);
  assert.deepEqual(scene.offsets, [3]);
});

test('of_a_stream_that_was_never_told_of_all_is_handed_over', async () => {
  const scene = new Scene();
  const socket = await scene.begin({});
  socket.tell(event(7, { stream: 'branch:9' }), event(8, { stream: 'branch:9' }));
  assert.deepEqual(scene.offsets, [7, 8]);
  socket.end();
  assert.deepEqual(await scene.comeBack(), { 'branch:9': { epoch: '', offset: 8 } });
});

test('an_app_goes_on_where_it_was_before_it_ended', async () => {
  const scene = new Scene({ since: { 'branch:1': { epoch: 'a', offset: 5 } } });
  await scene.settle();
  scene.socket.open();
  assert.deepEqual(scene.socket.said[1], {
    type: 'resume',
    streams: { 'branch:1': { epoch: 'a', offset: 5 } },
  });
});

test('a_publishers_event_is_no_message_of_the_servers', async () => {
  const scene = new Scene();
  const socket = await scene.begin();
  socket.tell(event(11, { type: 'gap', streams: {} }), event(12, { type: 'close', close_code: 4401 }));
  assert.deepEqual(scene.offsets, [11, 12]);
  assert.equal(scene.client.state.kind, 'live');
});

test('nonsense_is_passed_over', async () => {
  const scene = new Scene();
  const socket = await scene.begin();
  for (const data of ['', '{', 'null', '7', '[]', '{}', new ArrayBuffer(3)]) socket.onmessage?.({ data });
  socket.tell({ type: 'news' }, event(11));
  assert.deepEqual(scene.offsets, [11]);
});

test('an_event_is_narrowed_by_its_type', () => {
  const known = event(1) as unknown as GatewayEvent;
  assert.ok(isKnown(known));
  assert.ok(!isKnown(event(1, { type: 'stock.low' }) as unknown as GatewayEvent));
  // It compiles: an envelope of one type and no other.
  const type: 'ROUND_READY' | undefined =
    isKnown(known) && known.type === 'ROUND_READY' ? known.type : undefined;
  assert.equal(type, 'ROUND_READY');
});

test('the_types_are_those_of_the_server', () => {
  const [source] = readFileSync('../src/domain/event.rs', 'utf8').split('#[cfg(test)]');
  const names = source?.match(/(?<=")[A-Z]+(?:_[A-Z]+)+(?=")/g);
  assert.deepEqual([...new Set(names)].sort(), [...EVENT_TYPES].sort());
});

test('a_close_code_tells_what_to_do_even_without_a_reason', () => {
  for (const code of [4400, 4401, 4403, 4410]) assert.equal(readEnding(code, '').retry, false, `${code}`);
  for (const code of [1000, 1006, 1012, 1013, 4408, 4409, 4419, 4429, 4430, 4431]) {
    assert.equal(readEnding(code, '').retry, true, `${code}`);
  }
  const told = readEnding(4499, '{"code":"late","retry":true,"retry_ms":250,"new_token":true}');
  assert.deepEqual(told, { code: 4499, reason: 'late', retry: true, retryMs: 250, needsNewToken: true });
  assert.equal(readEnding(4430, '{"code":"x","retry":false}').retry, false);
  assert.deepEqual(readEnding(1006, 'null').reason, 'null');
});
