// A wall of nine cameras, watched for a while: pictures a second of each tile, and memory of the page, the browser and
// the server. `benches/wall.rs` runs it and says what is wanted.
//
// usage: node tests/browser/wall.mjs ATALAYA FOOTAGE SECONDS

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { launch, until } from './chromium.mjs';

const TILES = 9;
/** Tiles of 640×360 and a little more find room. */
const WINDOW = { width: 1950, height: 1450 };
const SETTLE_MS = 15_000;
/** Of what a tile shows, the poorest stretch of this length counts. */
const STRETCH_MS = 10_000;

const [program, footage, seconds] = process.argv.slice(2);
if (!seconds) throw new Error('usage: node tests/browser/wall.mjs ATALAYA FOOTAGE SECONDS');
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts the program; gives the process and the first match of what it prints. */
async function start(args, wanted) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const found = line.match(wanted)?.[0];
    if (!found) continue;
    // Read on, so that it never waits for a full pipe.
    child.stdout.resume();
    return { child, found };
  }
  throw new Error(`${args[0]} ended`);
}

async function end(child) {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Nine cameras and no other. */
async function furnish(context, base, location) {
  const api = (path, options) =>
    context.request.fetch(`${base}/api/v1/cameras${path}`, { headers: { origin: base }, ...options });
  for (const { id } of (await (await api('')).json()).items) await api(`/${id}`, { method: 'DELETE' });
  for (let number = 1; number <= TILES; number += 1) {
    const data = { id: `w${number}`, name: `Wall ${number}`, pipeline: 'rtsp', parameters: { location } };
    const made = await api('', { method: 'POST', data });
    if (made.status() !== 201) throw new Error(`camera ${number}: ${await made.text()}`);
  }
}

/** Counts each picture that a tile's video brings to the screen. */
function count() {
  window.shown = [...document.querySelectorAll('.tile video')].map((video) => {
    const tile = { pictures: 0, width: 0, height: 0 };
    const next = () => {
      Object.assign(tile, {
        pictures: tile.pictures + 1,
        width: video.videoWidth,
        height: video.videoHeight,
      });
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
    return tile;
  });
}

/** Resident memory of a process in MiB, and whose child it is. */
function looked(id) {
  try {
    const status = readFileSync(`/proc/${id}/status`, 'utf8');
    const field = (name) => Number(status.match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'))?.[1] ?? 0);
    return { parent: field('PPid'), mib: field('VmRSS') / 1024 };
  } catch {
    return { parent: 0, mib: 0 };
  }
}

/** Of all processes that the browser consists of, in MiB. */
function browserMib(others) {
  const all = new Map(
    readdirSync('/proc')
      .filter(Number)
      .map((id) => [Number(id), looked(id)]),
  );
  const isOurs = (id) => {
    const parent = all.get(id)?.parent;
    return !others.includes(id) && (parent === process.pid || (parent > 1 && isOurs(parent)));
  };
  return [...all].filter(([id]) => isOurs(id)).reduce((sum, [, { mib }]) => sum + mib, 0);
}

async function memory(devtools, server, others) {
  await devtools.send('HeapProfiler.collectGarbage');
  const { metrics } = await devtools.send('Performance.getMetrics');
  const metric = (wanted) => metrics.find(({ name }) => name === wanted)?.value ?? 0;
  return {
    heapMib: metric('JSHeapUsedSize') / 2 ** 20,
    nodes: metric('Nodes'),
    listeners: metric('JSEventListeners'),
    browserMib: browserMib(others),
    serverMib: looked(server).mib,
  };
}

async function watch(page, devtools, [server, camera]) {
  await pause(SETTLE_MS);
  await page.evaluate(count);
  const others = [server, camera];
  const first = await memory(devtools, server, others);
  const memories = [first];
  const stretches = [];
  let before = await page.evaluate(() => window.shown);
  const began = performance.now();
  let last = began;
  while (performance.now() - began < seconds * 1000) {
    await pause(STRETCH_MS);
    const tiles = await page.evaluate(() => window.shown);
    const now = performance.now();
    stretches.push(tiles.map((tile, at) => ((tile.pictures - before[at].pictures) * 1000) / (now - last)));
    [before, last] = [tiles, now];
    if (stretches.length % 6 === 0) memories.push(await memory(devtools, server, others));
  }
  const sizes = before.map(({ width, height }) => `${width}×${height}`);
  return { stretches, sizes: [...new Set(sizes)], memories };
}

const folder = mkdtempSync(join(tmpdir(), 'atalaya-wall-'));
const running = [];
const browser = await launch({ viewport: WINDOW });
try {
  const camera = await start(['simulate-camera', '--footage', footage], /^rtsp:\S+/);
  running.push(camera.child);
  const demo = ['demo', '--listen', '127.0.0.1:0', '--data-dir', folder];
  const server = await start(demo, /http:\/\/\S+\/login\?token=\S+/);
  running.push(server.child);
  const page = await browser.context.newPage();
  await page.goto(server.found);
  const base = new URL(server.found).origin;
  await furnish(browser.context, base, camera.found);
  await page.goto(`${base}/#/?layout=${TILES}`);
  const videos = page.locator('.tile video:not(.waiting)');
  await until('nine pictures', async () => (await videos.count()) === TILES, 120_000);
  const devtools = await browser.context.newCDPSession(page);
  await devtools.send('Performance.enable');
  const found = await watch(page, devtools, [server.child.pid, camera.child.pid]);
  if (process.env.WALL_PICTURE) await page.screenshot({ path: process.env.WALL_PICTURE });
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
  for (const child of running) await end(child);
  rmSync(folder, { recursive: true, force: true });
}
