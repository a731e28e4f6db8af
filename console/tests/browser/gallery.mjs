// Makes the pictures of the documents: every page in both languages and themes, on a phone and on a desk. They are to be
// looked at: what is wrong on a page is wrong here.
//
// usage: ATALAYA_LINK=LINK npm run pictures [-- PAGE…], with the login link of a demo server that may be changed: visits and
// places are made up, cameras added for a while. FOLDER=/somewhere puts the pictures elsewhere, SIZES=narrow,wall takes other sizes, HEIGHT=2400 more of long pages.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, until } from './chromium.mjs';
import { film } from './film.mjs';
import { others, tell } from './story.mjs';

const link = process.env.ATALAYA_LINK;
if (!link) throw new Error('ATALAYA_LINK should hold the login link of a demo server');
const base = new URL(link).origin;
const here = dirname(fileURLToPath(import.meta.url));
const folder = process.env.FOLDER ?? join(here, '../../../docs/pictures');

const SIZES = { phone: [390, 844], desktop: [1280, 800], narrow: [360, 740], wall: [2560, 1440] };
/** The documents' are the first two. */
const sizes = (process.env.SIZES ?? 'phone,desktop').split(',');
/** Instead of these heights; most pages scroll in themselves, and show all that they have where there is room. */
const HEIGHT = Number(process.env.HEIGHT) || undefined;
const QUALITY = 70;
/** For what comes after the last skeleton: a chart, the next figures, boxes on people. */
const SETTLE_MS = 1500;

const playing = (page) =>
  until('all pictures', () =>
    page
      .locator('video')
      .evaluateAll(
        (all) => all.length > 0 && all.every((one) => one.videoWidth > 0 && !one.matches('.waiting')),
      ),
  );

/** Some figures need two measurements. */
async function measured(page) {
  await page.locator('.quantities').waitFor();
  await until('all figures', async () => (await page.getByText(/^(measuring|midiendo)/).count()) === 0);
}

/** What is done before each picture; the pages of System are all alike. */
const scenes = {
  live: { go: '/#/', ready: playing },
  camera: { go: '/#/cameras/demo?set=shapes', ready: playing },
  'add-camera': { go: '/#/?add=find', ready: search },
  'add-camera-by-hand': { go: '/#/?add=hand' },
  shifts: { go: async () => `/#/shifts/${await lastWhole()}`, ready: toCharts },
  'shifts-now': { go: '/#/shifts' },
  events: { go: '/#/events', ready: (page) => page.locator('.event').nth(12).waitFor() },
  places: { go: '/#/places/1' },
  ...Object.fromEntries(
    ['health', 'models', 'pipelines', 'check', 'jobs', 'tokens', 'audit', 'about'].map((part) => [
      `system-${part}`,
      { go: `/#/system/${part}`, ...(part === 'health' ? { ready: measured } : {}) },
    ]),
  ),
  'totem-start': { go: '/totem?totem=hall' },
  totem: { go: '/totem?totem=hall&start', ready: described },
  visualization: { before: startTotem, go: '/visualization', ready: seen, after: stopTotem },
  'live-states': { before: addOthers, go: '/#/', ready: playing, after: removeOthers },
  login: { before: () => browser.context.clearCookies(), go: '/#/' },
};

const movie = film();
const flags = [...movie.flags, '--use-fake-ui-for-media-stream'];
const browser = await launch({ flags });
let totem;
try {
  await gallery();
} finally {
  await browser.close();
  movie.remove();
}

async function gallery() {
  mkdirSync(folder, { recursive: true });
  const wanted = process.argv.slice(2);
  const unknown = wanted.find((name) => !scenes[name]);
  if (unknown) throw new Error(`${unknown} is none of ${Object.keys(scenes).join(', ')}`);
  const first = await browser.context.newPage();
  await first.goto(link);
  await first.close();
  if ((await list('/sectors')).length === 0) await tell(ask);
  for (const [name, scene] of Object.entries(scenes)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    try {
      await scene.before?.();
      await takeAll(name, scene);
    } finally {
      await scene.after?.();
    }
    console.log(name);
  }
}

async function takeAll(name, scene) {
  for (const size of sizes) {
    for (const theme of ['light', 'dark']) {
      for (const language of ['en', 'es']) {
        const picture = await patiently(() => taken(scene, { size, theme, language }));
        writeFileSync(join(folder, `${name}-${language}-${theme}-${size}.webp`), picture);
      }
    }
  }
}

/** Once more where a busy machine was too slow. */
async function patiently(take) {
  try {
    return await take();
  } catch (error) {
    console.error(`again: ${error.message.split('\n')[0]}`);
    return take();
  }
}

/** A page as somebody sees it who has chosen these. */
async function taken(scene, choices) {
  const page = await browser.context.newPage();
  try {
    return await shot(page, scene, choices);
  } finally {
    await page.close();
  }
}

async function shot(page, { go, ready }, { size, theme, language }) {
  page.on('pageerror', (error) => console.error(`${page.url()}: ${error}`));
  const [width, height] = SIZES[size];
  await page.setViewportSize({ width, height: HEIGHT ?? height });
  await page.addInitScript(choose, { theme, language });
  await page.goto(`${base}${typeof go === 'string' ? go : await go()}`);
  await page.locator('h1').first().waitFor({ state: 'attached' });
  await ready?.(page);
  await until('all of it', async () => (await page.locator('.skeleton').count()) === 0);
  await page.waitForTimeout(SETTLE_MS);
  const debug = await browser.context.newCDPSession(page);
  const { data } = await debug.send('Page.captureScreenshot', {
    format: 'webp',
    quality: QUALITY,
  });
  return Buffer.from(data, 'base64');
}

/** Runs in the page before its own scripts. */
function choose({ theme, language }) {
  localStorage.setItem('atalaya.theme', theme);
  localStorage.setItem('atalaya.language', language);
}

function ask(path, options = {}) {
  return browser.context.request.fetch(`${base}/api/v1${path}`, { headers: { origin: base }, ...options });
}

async function list(path) {
  return (await (await ask(path)).json()).items;
}

/** The newest afternoon that is over: its figures are whole. */
async function lastWhole() {
  const shifts = await list('/shifts?branch_id=1&limit=10');
  return shifts.find(({ name, end }) => name === 'afternoon' && Date.parse(end) < Date.now()).id;
}

/** What is above them is on the pictures of the running shift. */
async function toCharts(page) {
  const charts = page.locator('.block:has(canvas)').first();
  await charts.waitFor();
  await charts.evaluate((block) => block.scrollIntoView());
}

/** Looks for the demo's camera by its address. */
async function search(page) {
  const demo = await (await ask('/cameras/demo')).json();
  const { host } = new URL(demo.parameters.location.replace(/^rtsp:/, 'http:'));
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').first().fill(host);
  await dialog.locator('button[type=submit]').click();
  await dialog.getByText('127.0.0.1').last().waitFor();
}

/** People before the totem, by their boxes' figures. */
async function seen(page) {
  const people = page.locator('[data-fact="people"]').first();
  await until('people', async () => /[1-9]/.test(await people.textContent()), 60_000);
}

/** And what the nearest one wears, which is not told of everybody. */
async function described(page) {
  await seen(page);
  await page
    .locator('.colour')
    .first()
    .waitFor({ timeout: 20_000 })
    .catch(() => undefined);
}

/** Whoever is not looked at is not seen by its totem, so it has a browser of its own. */
async function startTotem() {
  totem = await launch({ flags });
  await totem.context.addCookies(await browser.context.cookies());
  await (await totem.context.newPage()).goto(`${base}/totem?totem=hall&start`);
}

async function stopTotem() {
  await totem?.close();
  totem = undefined;
}

async function addOthers() {
  for (const data of others) await ask('/cameras', { method: 'POST', data });
  const states = async () => new Set((await list('/cameras')).map(({ status }) => status.state));
  await until('all states', async () => (await states()).size === 4, 120_000);
}

async function removeOthers() {
  for (const { id } of others) await ask(`/cameras/${id}`, { method: 'DELETE' });
}
