import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseReader, writeEventId } from '../../src/gateway/sse';
import { event, Scene } from '../fakes/gateway';

test('lines_are_events_whatever_pieces_they_come_in', () => {
  const text =
    ': hello\n\nid: 1\nevent: ROUND_READY\ndata: {"a":\ndata: 1}\n\nid:2\r\ndata:x\r\n\r\nid: 3\ndata: y\n';
  for (const size of [1, 2, 3, 7, 1000]) {
    const reader = new SseReader();
    const got: string[] = [];
    for (let at = 0; at < text.length; at += size) got.push(...reader.push(text.slice(at, at + size)));
    assert.deepEqual(got, ['{"a":\n1}', 'x'], `pieces of ${size}; the third is not whole`);
  }
});

/** A server that answers over plain HTTP alone. */
class Answers {
  readonly asked: { url: URL; headers: Record<string, string>; signal: AbortSignal }[] = [];
  status = 200;
  private stream: ReadableStreamDefaultController<Uint8Array> | undefined;

  get lastEventId(): string | undefined {
    return this.asked.at(-1)?.headers['last-event-id'];
  }

  readonly fetch = (async (url: URL, init: { headers: Record<string, string>; signal: AbortSignal }) => {
    this.asked.push({ url, ...init });
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => {
        this.stream = stream;
      },
    });
    return new Response(this.status === 200 ? body : null, { status: this.status });
  }) as unknown as typeof fetch;

  say(message: unknown): void {
    this.stream?.enqueue(new TextEncoder().encode(`id: any\ndata: ${JSON.stringify(message)}\n\n`));
  }

  /** The server's first word: where the stream is. */
  welcome(offset: number): void {
    this.say({ type: 'welcome', streams: { 'branch:1': { epoch: 'a', offset } } });
  }

  /** All that was missed was told. */
  resumed(offset: number, epoch = 'a'): void {
    const recovered = epoch === 'a';
    this.say({ type: 'resumed', recovered, streams: { 'branch:1': { epoch, offset, recovered } } });
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

/** Somebody who was at ten when the answer ended, and asks again. */
async function cutAtTen(answers: Answers): Promise<Scene> {
  const scene = await fallBack(answers);
  answers.welcome(10);
  await scene.settle();
  answers.end();
  await scene.pass(1000);
  return scene;
}

test('where_no_websocket_gets_through_events_come_over_plain_http', async () => {
  const answers = new Answers();
  const scene = await fallBack(answers);
  assert.equal(scene.sockets.length, 3);
  assert.equal(answers.asked[0]?.url.href, 'https://venue.example/bar/api/v1/events/stream?endpoint=admin');
  assert.equal(answers.asked[0]?.headers.authorization, 'Bearer token 4');
  assert.equal(answers.lastEventId, undefined);
  assert.equal(scene.client.state.kind, 'connecting');
  answers.welcome(10);
  await scene.settle();
  assert.deepEqual(scene.client.state, { kind: 'live', by: 'sse' });
  answers.say(event(11));
  await scene.settle();
  assert.deepEqual(scene.offsets, [11]);
  answers.end();
  await scene.pass(1000);
  assert.equal(scene.sockets.length, 3, 'it stays with what gets through');
  assert.equal(answers.lastEventId, 'branch:1@a:11');
});

test('an_answer_that_held_is_followed_by_one_try_of_a_websocket', async () => {
  const answers = new Answers();
  const scene = await fallBack(answers);
  answers.welcome(10);
  await scene.settle();
  await scene.pass(10_000);
  answers.end();
  await scene.settle();
  await scene.fail(1);
  assert.equal(scene.sockets.length, 4);
  assert.equal(answers.lastEventId, 'branch:1@a:10', 'it failed: plain HTTP again');
  answers.resumed(10);
  await scene.settle();
  await scene.pass(10_000);
  answers.end();
  await scene.pass(100);
  scene.socket.open();
  scene.socket.tell({ type: 'resumed', recovered: true, streams: {} });
  assert.deepEqual(scene.client.state, { kind: 'live', by: 'websocket' });
});

test('it_is_live_once_it_has_what_it_missed', async () => {
  const answers = new Answers();
  const scene = await cutAtTen(answers);
  answers.welcome(12);
  answers.say(event(11));
  answers.say(event(12));
  await scene.settle();
  assert.equal(scene.client.state.kind, 'connecting');
  answers.resumed(12);
  answers.say(event(13));
  await scene.settle();
  assert.deepEqual(scene.client.state, { kind: 'live', by: 'sse' });
  assert.deepEqual(scene.offsets, [11, 12, 13]);
  assert.deepEqual(scene.gaps, []);
});

test('a_stream_that_began_anew_is_a_gap_and_what_came_of_it_is_told', async () => {
  const answers = new Answers();
  const scene = await cutAtTen(answers);
  answers.welcome(0);
  answers.say({ ...event(1), epoch: 'b' });
  answers.resumed(0, 'b');
  await scene.settle();
  assert.deepEqual(scene.offsets, [1]);
  assert.deepEqual(scene.gaps, [['branch:1']]);
});

test('the_server_ends_an_answer_as_it_closes_a_socket', async () => {
  const answers = new Answers();
  const scene = await fallBack(answers);
  answers.say({ type: 'close', close_code: 4410, code: 'session_closed', retry: false });
  await scene.settle();
  assert.deepEqual(scene.states.at(-1), { kind: 'closed', code: 4410, reason: 'session_closed' });
  assert.ok(answers.asked[0]?.signal.aborted);
});

test('it_goes_on_over_plain_http_where_the_websocket_was', async () => {
  const answers = new Answers();
  const scene = new Scene({ world: { fetch: answers.fetch } });
  scene.chance = 0;
  (await scene.begin()).end();
  await scene.fail(3);
  assert.equal(answers.lastEventId, 'branch:1@a:10');
  answers.welcome(12);
  answers.say(event(11));
  answers.say(event(12));
  answers.resumed(12);
  await scene.settle();
  assert.deepEqual(scene.offsets, [11, 12]);
  assert.deepEqual(scene.gaps, []);
});

test('who_knew_no_streams_learns_of_those_that_there_are_as_of_a_gap', async () => {
  const answers = new Answers();
  const scene = new Scene({ since: {}, world: { fetch: answers.fetch } });
  scene.chance = 0;
  await scene.fail(3);
  assert.equal(answers.lastEventId, undefined);
  answers.welcome(12);
  await scene.settle();
  assert.deepEqual(scene.client.state, { kind: 'live', by: 'sse' });
  assert.deepEqual(scene.gaps, [['branch:1']]);
});

test('the_streams_are_written_as_the_server_writes_them', () => {
  const places = { 'branch:5': { epoch: 'a1', offset: 7 }, 'branch:6': { epoch: 'b2', offset: 0 } };
  assert.equal(writeEventId(places), 'branch:5@a1:7,branch:6@b2:0');
  assert.equal(writeEventId({}), '');
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
  answers.welcome(10);
  await scene.settle();
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

test('what_was_held_when_a_websocket_was_lost_is_asked_for_again', async () => {
  const answers = new Answers();
  const scene = new Scene({ world: { fetch: answers.fetch } });
  scene.chance = 0;
  (await scene.begin()).end();
  await scene.pass(100);
  scene.socket.open();
  scene.socket.tell(event(11));
  scene.socket.end();
  await scene.fail(3);
  assert.equal(answers.lastEventId, 'branch:1@a:10');
  answers.welcome(11);
  answers.say(event(11));
  answers.resumed(11);
  await scene.settle();
  assert.deepEqual(scene.offsets, [11]);
});
