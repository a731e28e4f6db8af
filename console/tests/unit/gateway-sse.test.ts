import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bookmark, SseReader } from '../../src/gateway/sse';
import { event, Scene } from '../fakes/gateway';

test('lines_are_events_whatever_pieces_they_come_in', () => {
  const text =
    ': hello\n\nid: 1\nevent: ROUND_READY\ndata: {"a":\ndata: 1}\n\nid:2\r\ndata:x\r\n\r\nid: 3\ndata: y\n';
  for (const size of [1, 2, 3, 7, 1000]) {
    const bookmark: Bookmark = {};
    const reader = new SseReader(bookmark);
    const got: string[] = [];
    for (let at = 0; at < text.length; at += size) got.push(...reader.push(text.slice(at, at + size)));
    assert.deepEqual(got, ['{"a":\n1}', 'x'], `pieces of ${size}`);
    assert.equal(bookmark.id, '2', 'the third is not whole');
  }
});

/** A server that answers over plain HTTP alone. */
class Answers {
  readonly asked: { url: URL; headers: Record<string, string>; signal: AbortSignal }[] = [];
  status = 200;
  private stream: ReadableStreamDefaultController<Uint8Array> | undefined;

  readonly fetch = (async (url: URL, init: { headers: Record<string, string>; signal: AbortSignal }) => {
    this.asked.push({ url, ...init });
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => {
        this.stream = stream;
      },
    });
    return new Response(this.status === 200 ? body : null, { status: this.status });
  }) as unknown as typeof fetch;

  say(id: string, message: unknown): void {
    this.stream?.enqueue(new TextEncoder().encode(`id: ${id}\ndata: ${JSON.stringify(message)}\n\n`));
  }

  end(): void {
    this.stream?.close();
  }
}

async function fallBack(answers: Answers): Promise<Scene> {
  const scene = new Scene({ world: { fetch: answers.fetch } });
  scene.chance = 0;
  await scene.fail(3);
  return scene;
}

test('where_no_websocket_gets_through_events_come_over_plain_http', async () => {
  const answers = new Answers();
  const scene = await fallBack(answers);
  assert.equal(scene.sockets.length, 3);
  assert.equal(answers.asked[0]?.url.href, 'https://venue.example/bar/api/v1/events/stream?endpoint=admin');
  assert.equal(answers.asked[0]?.headers.authorization, 'Bearer token 4');
  assert.deepEqual(scene.client.state, { kind: 'live', by: 'sse' });
  answers.say('at ten', { type: 'welcome', streams: { 'branch:1': { epoch: 'a', offset: 10 } } });
  answers.say('at eleven', event(11));
  await scene.settle();
  assert.deepEqual(scene.offsets, [11]);
  answers.end();
  await scene.pass(1000);
  assert.equal(scene.sockets.length, 3, 'it stays with what gets through');
  assert.equal(answers.asked[1]?.headers['last-event-id'], 'at eleven');
  answers.say('at twelve', event(12));
  answers.say('at twelve', {
    type: 'resumed',
    recovered: true,
    streams: { 'branch:1': { epoch: 'a', offset: 12, recovered: true } },
  });
  await scene.settle();
  assert.deepEqual(scene.offsets, [11, 12]);
  assert.deepEqual(scene.gaps, []);
});

test('the_server_ends_an_answer_as_it_closes_a_socket', async () => {
  const answers = new Answers();
  const scene = await fallBack(answers);
  answers.say('1', { type: 'close', close_code: 4410, code: 'session_closed', retry: false });
  await scene.settle();
  assert.deepEqual(scene.states.at(-1), { kind: 'closed', code: 4410, reason: 'session_closed' });
  assert.ok(answers.asked[0]?.signal.aborted);
});

test('what_was_missed_between_websocket_and_plain_http_is_a_gap', async () => {
  for (const offset of [10, 12]) {
    const answers = new Answers();
    const scene = new Scene({ world: { fetch: answers.fetch } });
    scene.chance = 0;
    (await scene.begin()).end();
    await scene.fail(3);
    answers.say('x', { type: 'welcome', streams: { 'branch:1': { epoch: 'a', offset } } });
    answers.say('y', event(offset + 1));
    await scene.settle();
    assert.deepEqual(scene.gaps, offset === 10 ? [] : [['branch:1']]);
    assert.deepEqual(scene.offsets, [offset + 1]);
  }
});

test('a_refusal_is_final_once_a_new_token_does_not_help', async () => {
  const answers = new Answers();
  answers.status = 401;
  const scene = new Scene({ world: { fetch: answers.fetch, WebSocket: undefined } });
  await scene.pass(5000);
  assert.deepEqual(scene.wishes, ['any', 'new']);
  assert.deepEqual(scene.states.at(-1), { kind: 'closed', code: 4401, reason: 'HTTP 401' });
});

test('a_server_that_is_away_is_tried_both_ways', async () => {
  const answers = new Answers();
  answers.status = 503;
  const scene = await fallBack(answers);
  assert.equal(scene.client.state.kind, 'waiting');
  await scene.fail(3);
  assert.equal(scene.sockets.length, 6);
  assert.equal(answers.asked.length, 2);
});

test('an_answer_that_is_silent_for_a_minute_is_left', async () => {
  const answers = new Answers();
  const scene = await fallBack(answers);
  await scene.pass(59_999);
  assert.equal(scene.client.state.kind, 'live');
  await scene.pass(1);
  assert.equal(scene.client.state.kind, 'waiting');
});

test('only_failures_in_a_row_lead_to_plain_http', async () => {
  const answers = new Answers();
  const scene = new Scene({ world: { fetch: answers.fetch } });
  scene.chance = 0;
  await scene.fail(2);
  scene.socket.open();
  scene.socket.end();
  await scene.fail(2);
  assert.equal(answers.asked.length, 0);
  await scene.fail(1);
  assert.equal(answers.asked.length, 1);
});

test('a_bookmark_is_not_used_once_a_websocket_has_gone_beyond_it', async () => {
  const answers = new Answers();
  const scene = await fallBack(answers);
  answers.say('at ten', { type: 'welcome', streams: { 'branch:1': { epoch: 'a', offset: 10 } } });
  await scene.settle();
  answers.status = 503;
  answers.end();
  await scene.pass(200);
  assert.equal(answers.asked.length, 2);
  answers.status = 200;
  scene.socket.open();
  const streams = { 'branch:1': { epoch: 'a', offset: 20, recovered: true } };
  scene.socket.tell({ type: 'resumed', recovered: true, streams });
  scene.socket.end();
  await scene.fail(3);
  assert.equal(answers.asked.length, 3);
  assert.equal(answers.asked[2]?.headers['last-event-id'], undefined);
});

test('what_was_held_when_a_websocket_was_lost_does_not_hold_what_comes_over_plain_http', async () => {
  const answers = new Answers();
  const scene = new Scene({ world: { fetch: answers.fetch } });
  scene.chance = 0;
  (await scene.begin()).end();
  await scene.pass(100);
  scene.socket.open();
  scene.socket.end();
  await scene.fail(3);
  answers.say('at ten', { type: 'welcome', streams: { 'branch:1': { epoch: 'a', offset: 10 } } });
  answers.say('at eleven', event(11));
  await scene.settle();
  assert.deepEqual(scene.offsets, [11]);
});
