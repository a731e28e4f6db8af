// Takes pictures of every state of the console, in both themes and languages, small and large, to be looked at.
//
// usage: node tests/browser/shots.mjs LINK FOLDER
// Video and figures are the server's; the states that cannot be had at will are written into its answers.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from './chromium.mjs';

const [link, folder] = process.argv.slice(2);
if (!folder) throw new Error('usage: node tests/browser/shots.mjs LINK FOLDER');
mkdirSync(folder, { recursive: true });
const base = new URL(link).origin;

const SIZES = { phone: [360, 740], desk: [1280, 800], wall: [2560, 1440] };
/** First connects, key frames, and a figure or two. */
const SETTLE_MS = 2500;

const ago = (ms) => new Date(Date.now() - ms).toISOString();
const states = {
  running: (status) => status,
  lost: (status) => ({
    ...status,
    state: 'lost',
    since: ago(42_000),
    reason: 'no frame for 3 s',
    next_try: ago(-3000),
    fps_in: 0,
    people_now: 0,
  }),
  connecting: (status) => ({ ...status, state: 'connecting', since: ago(2000), fps_in: 0, people_now: 0 }),
  stopped: (status) => ({ ...status, state: 'stopped', since: null, fps_in: 0, people_now: 0 }),
  failed: (status) => ({
    ...status,
    state: 'failed',
    since: ago(3_600_000),
    reason: 'pipeline "usb": parameter "device": there is no /dev/video3',
    fps_in: 0,
    people_now: 0,
  }),
};

/** Each scene turns the server's one camera into those that it shows. */
const scenes = {
  live: (camera) => [camera],
  camera: (camera) => [camera],
  lost: (camera) => [{ ...camera, status: states.lost(camera.status) }],
  states: (camera) =>
    Object.entries(states).map(([state, change]) => ({
      ...camera,
      id: `${camera.id}-${state}`,
      name: `${camera.name}: ${state}`,
      status: change(camera.status),
    })),
  nine: (camera) =>
    Array.from({ length: 9 }, (_, n) => ({
      ...camera,
      id: `${camera.id}-${n + 1}`,
      name: `${camera.name} ${n + 1}`,
    })),
  empty: () => [],
  'signed-out': undefined,
  away: (camera) => [camera],
};

const browser = await launch();
try {
  const first = await browser.context.newPage();
  await first.goto(link);
  await first.close();
  const only = process.env.ONLY?.split(',');
  for (const [scene, change] of Object.entries(scenes)) {
    if (only && !only.includes(scene)) continue;
    for (const [size, [width, height]] of Object.entries(SIZES)) {
      for (const theme of ['dark', 'light']) {
        const language = (theme === 'dark') === (size !== 'phone') ? 'en' : 'es';
        const page = await browser.context.newPage();
        await page.setViewportSize({ width, height });
        await page.addInitScript(choose, { theme, language });
        await stage(page, change);
        await page.goto(base);
        if (scene === 'camera') await page.locator('.to-camera').first().click();
        await page.waitForTimeout(SETTLE_MS);
        if (scene === 'away') {
          await page.route('**/api/v1/**', (route) => route.abort());
          await page.waitForTimeout(SETTLE_MS);
        }
        await page.screenshot({ path: join(folder, `${scene}-${size}-${theme}-${language}.png`) });
        await page.close();
      }
    }
  }
} finally {
  await browser.close();
}

/** Runs in the page before its own scripts. */
function choose({ theme, language }) {
  localStorage.setItem('atalaya.theme', theme);
  localStorage.setItem('atalaya.language', language);
}

async function stage(page, change) {
  if (!change) {
    await page.route('**/api/v1/**', (route) =>
      route.fulfill({ status: 401, json: { title: 'Unauthorized' } }),
    );
    return;
  }
  let real = '';
  await page.route('**/api/v1/cameras', async (route) => {
    const answer = await route.fetch();
    const list = await answer.json();
    real = list.items[0].id;
    await route.fulfill({ response: answer, json: { ...list, items: change(list.items[0]) } });
  });
  // Video of an invented camera is that of the real one.
  await page.route(/\/api\/v1\/cameras\/[^/]+\/(mjpeg|snapshot|whep\?)/, (route) =>
    route.continue({
      url: route
        .request()
        .url()
        .replace(/cameras\/[^/]+/, `cameras/${real}`),
    }),
  );
}
