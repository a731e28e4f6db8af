import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../fakes/page';
import { span, timeIn } from '../../src/data/clock';
import { Hub } from '../../src/events/hub';
import { type HubState, type Item, KEPT, merged, type ToPage } from '../../src/events/items';
import { recall } from '../../src/events/recall';
import { EVENT_TYPES, type GatewayEvent, type Options } from '../../src/gateway';
import { groupOf } from '../../src/pages/events/kinds';
import { newerThan, rowsOf } from '../../src/pages/events/rows';
import { say } from '../../src/pages/events/say';
import { en, es } from '../../src/pages/events/texts';
import { setLanguage } from '../../src/prefs';

const event = (offset: number, more: Partial<GatewayEvent> = {}): GatewayEvent => ({
  type: 'LINE_CROSSED',
  id: `e-${offset}`,
  stream: 'branch:1',
  offset,
  at: new Date(offset * 1000).toISOString(),
  tenant_id: 1,
  branch_id: 1,
  ...more,
});

/** A server that has kept a stream from `floor` on. */
function kept(floor: number, to: number) {
  let looks = 0;
  const look = async (since: Record<string, { offset: number }>) => {
    looks += 1;
    const from = since['branch:1']?.offset ?? 0;
    if (from < floor) return { events: [], missed: ['branch:1'] };
    return { events: Array.from({ length: to - from }, (_, at) => event(from + 1 + at)), missed: [] };
  };
  return { look, looks: () => looks };
}

async function recalled(floor: number, to: number) {
  const server = kept(floor, to);
  let found: GatewayEvent[] = [];
  await recall(server.look, { 'branch:1': { epoch: 'e', offset: to } }, (events) => {
    found = events;
  });
  return { from: found[0]?.offset, count: found.length, looks: server.looks() };
}

test('all_is_recalled_of_a_stream_that_forgot_nothing', async () => {
  assert.deepEqual(await recalled(0, 50), { from: 1, count: 50, looks: 1 });
  assert.equal((await recalled(0, 1000)).count, 1000);
  assert.deepEqual(await recalled(0, 0), { from: undefined, count: 0, looks: 0 });
});

test('most_is_recalled_of_a_stream_whose_beginning_is_forgotten_in_a_few_looks', async () => {
  for (const [floor, to] of [
    [5000, 5300],
    [100_000, 104_096],
    [90, 100],
  ] as const) {
    const { count, looks } = await recalled(floor, to);
    assert.ok(count >= (to - floor) * 0.5, `${count} of ${to - floor}`);
    assert.ok(looks <= 6);
  }
});

test('a_server_that_does_not_answer_is_not_asked_again', async () => {
  let looks = 0;
  const silent = async () => {
    looks += 1;
    return undefined;
  };
  await recall(silent, { 'branch:1': { epoch: 'e', offset: 9 } }, () => assert.fail());
  assert.equal(looks, 1);
});

/** A hub whose connection does what the test says, and a page that listens. */
function scene() {
  const clock = { now: 1000 };
  const clients: Options[] = [];
  const page = { state: { kind: 'off' } as HubState, items: [] as Item[] };
  let flush = () => {};
  const hub = new Hub({
    connect: (options) => {
      clients.push(options);
      options.onState?.({ kind: 'connecting' });
      return { state: { kind: 'connecting' }, positions: {}, wake() {}, refreshSectors() {}, close() {} };
    },
    look: () => async () => undefined,
    now: () => clock.now,
    after: (_, due) => {
      flush = due;
    },
  });
  const say = hub.attach({
    postMessage(message: ToPage) {
      if (message.told === 'state') page.state = message.state;
      else page.items = merged(page.items, message.how, message.items);
    },
  });
  return { clock, clients, page, hub, say, flush: () => flush() };
}

test('a_loss_is_told_with_what_came_afterwards', () => {
  const { clock, clients, page, say, flush } = scene();
  say({ to: 'follow', who: 'ana', door: 'admin' });
  const [client] = clients;
  assert.ok(client);
  client.onState?.({ kind: 'live', by: 'websocket' });
  client.onEvent(event(1));
  clock.now = 2000;
  client.onState?.({ kind: 'waiting', retryAt: 3000, code: 1006, reason: 'lost' });
  assert.deepEqual(page.state, { kind: 'waiting', lostAt: 2000, retryAt: 3000, reason: 'lost' });
  client.onState?.({ kind: 'connecting' });
  client.onGap(['branch:2']);
  client.onEvent(event(2));
  client.onEvent(event(3));
  clock.now = 5000;
  client.onState?.({ kind: 'live', by: 'websocket' });
  client.onEvent(event(4));
  flush();
  const back = { lostAt: 2000, late: 2, gaps: [2] };
  assert.deepEqual(page.state, { kind: 'live', by: 'websocket', since: 5000, back });
  const lines = page.items.map((item) => ('note' in item ? item.note.what : [item.event.offset, item.late]));
  assert.deepEqual(lines, [[1, false], 'lost', 'gap', [2, true], [3, true], 'back', [4, false]]);
});

test('pages_share_a_connection_and_a_later_one_gets_what_was_told', () => {
  const { clients, hub, say, flush } = scene();
  say({ to: 'follow', who: 'ana', door: 'admin' });
  clients[0]?.onState?.({ kind: 'live', by: 'websocket' });
  clients[0]?.onEvent(event(1));
  flush();
  const told: ToPage[] = [];
  hub.attach({ postMessage: (message) => told.push(message) })({ to: 'follow', who: 'ana', door: 'admin' });
  assert.equal(clients.length, 1);
  assert.deepEqual(
    told.map((message) => (message.told === 'items' ? message.items.length : message.state.kind)),
    [1, 'live'],
  );
});

test('what_one_heard_is_not_told_to_the_next', () => {
  const { clients, page, say, flush } = scene();
  say({ to: 'follow', who: 'ana', door: 'admin' });
  clients[0]?.onEvent(event(1));
  flush();
  assert.equal(page.items.length, 1);
  say({ to: 'follow', who: '', door: undefined });
  assert.deepEqual([page.items, page.state], [[], { kind: 'off' }]);
  say({ to: 'follow', who: 'bea', door: 'waiter' });
  assert.equal(clients[1]?.endpoint, 'waiter');
});

test('ten_thousand_are_kept_and_older_ones_go_below', () => {
  const items = Array.from({ length: KEPT + 5 }, (_, seq): Item => ({ seq, event: event(seq), late: false }));
  assert.equal(merged([], 'newer', items)[0]?.seq, 5);
  const older: Item[] = [{ seq: -1, event: event(1), late: false }];
  const both = merged(merged(items.slice(0, 2), 'older', older), 'older', older);
  assert.deepEqual(
    both.map(({ seq }) => seq),
    [-1, 0, 1],
  );
});

test('a_choice_narrows_the_list_and_news_are_counted_within_it', () => {
  const of = (seq: number, more: Partial<GatewayEvent>): Item => ({
    seq,
    event: event(seq, more),
    late: false,
  });
  const items = [
    of(1, {}),
    of(2, { type: 'VISIT_ENDED', sector_id: 3 }),
    of(3, { branch_id: 2, camera: 'bar' }),
  ];
  const none = { group: undefined, branch: undefined, sector: undefined, camera: undefined };
  const seqs = (filter: object) => rowsOf(items, { ...none, ...filter }).map(({ seq }) => seq);
  assert.deepEqual(seqs({}), [3, 2, 1]);
  assert.deepEqual(seqs({ group: 'lines' }), [3, 1]);
  assert.deepEqual(seqs({ sector: 3 }), [2]);
  assert.deepEqual(seqs({ branch: 2, camera: 'bar' }), [3]);
  assert.deepEqual(seqs({ branch: 9 }), []);
  assert.equal(newerThan(rowsOf(items, none), 1), 2);
});

test('each_kind_is_a_sentence_in_both_languages', () => {
  for (const type of EVENT_TYPES) {
    for (const words of [en, es]) {
      const text = say(event(1, { type }), words);
      assert.ok(text.length > 2 && !text.includes('_') && !text.includes('undefined'), `${type}: ${text}`);
    }
    assert.notEqual(groupOf(type), 'others', type);
  }
  const crossed = event(1, { line: 'door', direction: 'in', camera: 'e', camera_name: 'Entrance' });
  assert.equal(say(crossed, en), 'Line door, in, camera Entrance');
  assert.equal(say(crossed, es), 'Línea door, entrada, cámara Entrance');
  const round = event(1, { type: 'ROUND_READY', entity: { round_id: 4711 }, session_id: 77 });
  assert.equal(say(round, en), 'Round 4711 ready, session 77');
  const begun = event(1, { type: 'SHIFT_STARTED', shift_name: 'night' });
  assert.equal(say(begun, es), 'Turno noche, ha comenzado');
  const lost = event(1, { type: 'CAMERA_OFFLINE', camera: 'bar', reason: 'connection refused' });
  setLanguage('es');
  assert.match(say(lost, es), /, conexión rechazada$/);
  setLanguage('en');
  assert.match(say(lost, en), /, connection refused$/);
  assert.equal(say(event(1, { type: 'FIRE_DRILL' }), en), 'FIRE_DRILL');
});

/** Without what keeps a figure and its unit on one line. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

test('times_are_of_the_venue_and_stays_have_units', () => {
  const at = Date.parse('2027-03-27T23:30:00Z');
  assert.equal(timeIn('Europe/Madrid', at, at), '00:30:00');
  assert.match(timeIn('Europe/Madrid', at, at - 3_600_000), /28.*00:30:00/);
  assert.match(timeIn('Europe/Madrid', at, Date.UTC(2028, 0, 1)), /28.*2027.*00:30$/);
  assert.equal(timeIn('Mars/Olympus', at, at), '23:30:00', 'a zone that this browser does not know');
  assert.deepEqual([0, 42_000, 102_000, 120_000, 7_500_000].map(span).map(plain), [
    '0 s',
    '42 s',
    '1 min 42 s',
    '2 min',
    '2 h 5 min',
  ]);
});
