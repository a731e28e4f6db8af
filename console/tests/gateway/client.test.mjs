// The client of `src/gateway` against a real server: its connection is cut, and nothing is lost or doubled.
//
// `tests/gateway/client.rs` starts the server; ATALAYA_URL and ATALAYA_TOKEN (an admin's) say where it is and who comes.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { startProxy } from './proxy.mjs';
import { PlainSocket } from './socket.mjs';

/** Others may copy it into pages of their own, for phones. */
const BUDGET_BYTES = 4096;

const WITHIN_MS = 20_000;

const { ATALAYA_URL, ATALAYA_TOKEN } = process.env;
if (!ATALAYA_URL || !ATALAYA_TOKEN) throw new Error('set ATALAYA_URL and ATALAYA_TOKEN');

const here = dirname(fileURLToPath(import.meta.url));
const bundled = await build({
  entryPoints: [join(here, '../../src/gateway/index.ts')],
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  write: false,
});
const code = bundled.outputFiles[0].contents;
const { connect } = await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);

const WebSocket = globalThis.WebSocket ?? PlainSocket;

/** A client on a way that can be cut, and what it heard; it ends with the test. */
async function listen(test, options = {}) {
  const proxy = await startProxy(new URL(ATALAYA_URL));
  const heard = { events: [], gaps: [], states: [] };
  let look = () => {};
  const note = (list) => (what) => {
    list.push(what);
    look();
  };
  const client = connect({
    url: proxy.url,
    endpoint: 'admin',
    token: () => ATALAYA_TOKEN,
    onEvent: note(heard.events),
    onGap: note(heard.gaps),
    onState: note(heard.states),
    ...options,
    // Short waits: how they grow is told elsewhere.
    world: { WebSocket, chance: () => 0, ...options.world },
  });
  /** Resolves once `holds`, which is looked at whenever something is heard. */
  const until = (what, holds) =>
    new Promise((resolve, reject) => {
      const told = () => `not in time: ${what}; ${JSON.stringify(heard.states.slice(-3))}`;
      const alarm = setTimeout(() => reject(new Error(told())), WITHIN_MS);
      look = () => {
        if (!holds(heard)) return;
        clearTimeout(alarm);
        look = () => {};
        resolve();
      };
      look();
    });
  test.after(() => {
    client.close();
    proxy.close();
  });
  return { client, proxy, heard, until };
}

const lives = ({ states }) => states.filter(({ kind }) => kind === 'live').length;

async function publish(event) {
  const response = await fetch(`${ATALAYA_URL}/api/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ATALAYA_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ branch_id: 1, ...event }),
  });
  assert.ok(response.ok, `${response.status} ${await response.text()}`);
}

/** Publishes `count` numbered events, cutting the client's way now and then. */
async function publishAndCut({ proxy, until }, count) {
  for (let number = 0; number < count; number += 1) {
    if (number % 40 === 20) {
      const cuts = Math.floor(number / 40) + 1;
      await until('the client is back', (heard) => lives(heard) >= cuts);
      proxy.cut();
    }
    await publish({ type: 'ROUND_READY', number });
  }
}

function assertAll({ events, gaps }, count) {
  const numbers = events.map(({ number }) => number);
  assert.deepEqual(
    numbers,
    Array.from({ length: count }, (_, number) => number),
  );
  assert.deepEqual(gaps, []);
}

test('a_connection_that_is_cut_again_and_again_loses_nothing_and_doubles_nothing', async (t) => {
  const scene = await listen(t);
  await scene.until('the client is live', (heard) => lives(heard) === 1);
  await publishAndCut(scene, 200);
  await scene.until('all have come', ({ events }) => events.at(-1)?.number === 199);
  assertAll(scene.heard, 200);
  assert.equal(lives(scene.heard), 6);
  assert.ok(scene.heard.states.every(({ kind, by }) => kind !== 'live' || by === 'websocket'));
});

test('plain_http_loses_nothing_either', async (t) => {
  const scene = await listen(t, { world: { WebSocket: undefined } });
  await scene.until('the client is live', (heard) => lives(heard) === 1);
  await publishAndCut(scene, 100);
  await scene.until('all have come', ({ events }) => events.at(-1)?.number === 99);
  assertAll(scene.heard, 100);
  assert.deepEqual(scene.heard.states.find(({ kind }) => kind === 'live').by, 'sse');
});

test('where_websockets_pass_no_longer_it_goes_on_over_plain_http', async (t) => {
  let passes = true;
  /** Ends at a port where nobody listens once a proxy on the way has had enough of it. */
  function Hindered(url, protocols) {
    return new WebSocket(passes ? url : 'ws://127.0.0.1:1/', protocols);
  }
  const scene = await listen(t, { world: { WebSocket: Hindered } });
  await scene.until('the client is live', (heard) => lives(heard) === 1);
  for (let number = 0; number < 10; number += 1) {
    if (number === 5) {
      passes = false;
      scene.proxy.cut();
    }
    await publish({ type: 'ROUND_READY', number });
  }
  await scene.until(
    'all have come',
    ({ events, states }) => events.length === 10 && states.at(-1).by === 'sse',
  );
  assertAll(scene.heard, 10);
});

test('a_page_that_is_loaded_again_goes_on_where_it_was', async (t) => {
  const first = await listen(t);
  await first.until('the client is live', (heard) => lives(heard) === 1);
  const since = first.client.positions;
  first.client.close();
  for (let number = 0; number < 5; number += 1) await publish({ type: 'PAYMENT_APPROVED', number });
  const second = await listen(t, { since });
  await second.until('all have come', ({ events }) => events.length === 5);
  assertAll(second.heard, 5);
});

test('a_stranger_is_told_so_and_does_not_come_back', async (t) => {
  const scene = await listen(t, { token: () => 'not a token' });
  await scene.until('it is over', ({ states }) => states.at(-1)?.kind === 'closed');
  assert.deepEqual(scene.heard.states.at(-1), { kind: 'closed', code: 4401, reason: 'unauthorized' });
});

test('the_client_is_small', () => {
  const bytes = gzipSync(code, { level: 9 }).length;
  console.log(`the client: ${bytes} bytes gzipped`);
  assert.ok(bytes <= BUDGET_BYTES, `${bytes} bytes are more than ${BUDGET_BYTES}`);
});
