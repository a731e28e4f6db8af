// The page on which staff watch totems, in a real browser: two totems at work, and the real server.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, assertAccessibleInBothThemes } from './axe.mjs';
import { Relay } from './camera.mjs';
import { launch, until } from './chromium.mjs';
import { film } from './film.mjs';
import { moves } from './pictures.mjs';
import { apart, base, begin, browser, complaints, link, open } from './session.mjs';

let movie;
/** Totems are seen by nobody while their page is not shown, so each has a browser of its own. */
const totems = new Map();
let page;

before(async () => {
  movie = film();
  await begin({ expected: /Failed to load resource|WebSocket connection/ });
  page = await open();
  await page.goto(link);
  await page.goto(`${base}/visualization`);
});

after(async () => {
  for (const totem of totems.values()) await totem.close();
  movie?.remove();
});

async function play(name) {
  const totem = await launch({ flags: [...movie.flags, '--use-fake-ui-for-media-stream'] });
  totems.set(name, totem);
  await totem.context.addCookies(await browser.context.cookies());
  await (await totem.context.newPage()).goto(`${base}/totem?totem=${name}&start`);
}

const fact = (name) => page.locator(`[data-fact="${name}"]`);
const figure = async (name) => Number((await fact(name).textContent()).match(/[\d.]+/)?.[0] ?? Number.NaN);
const canvas = (on = page) => on.getByRole('img', { name: /^What totem/ });
const messages = (page_) => page_.locator('.console tbody tr button');
const rows = () => messages(page);

test('without_a_totem_it_says_how_to_begin', async () => {
  await page.getByText('No totem is at work').waitFor();
  await page.getByRole('link', { name: `${base}/totem` }).waitFor();
  await assertAccessibleInBothThemes(page);
});

test('a_totem_appears_by_itself_with_its_picture_and_figures', async () => {
  await play('hall');
  await canvas().waitFor({ state: 'visible' });
  await until('a moving picture', () => moves(canvas()));
  await until('people', async () => (await figure('people')) > 0);
  await until('answers', async () => (await figure('rate')) > 0);
  await until('detections', async () => (await figure('detections')) > 0);
  await until('two connections', async () => (await figure('connections')) >= 2);
  assert.match(await fact('latency').textContent(), /^\d+ ms · worst \d+ ms$/);
  assert.ok((await figure('latency')) <= 400);
  await until('the network', async () => (await figure('round-trip')) >= 0);
  assert.notEqual(await fact('engine').textContent(), '–');
});

test('somebody_can_be_marked_in_the_picture', async () => {
  const people = page.getByRole('button', { name: /^Mark #/ });
  await people.first().click();
  await page.locator('.people [aria-pressed="true"]').waitFor();
});

test('totems_are_chosen_and_the_choice_has_an_address', async () => {
  await play('bar');
  const names = page.getByRole('group', { name: 'Totem' }).getByRole('button');
  await until('two totems', async () => (await names.count()) === 2);
  assert.deepEqual(await names.allTextContents(), ['totem-bar', 'totem-hall']);
  await names.filter({ hasText: 'hall' }).click();
  await page.getByRole('img', { name: /^What totem totem-hall sees/ }).waitFor();
  await names.filter({ hasText: 'bar' }).click();
  await page.getByRole('img', { name: /^What totem totem-bar sees/ }).waitFor();
  assert.match(page.url(), /#totem=totem-bar$/);
  await names.filter({ hasText: 'hall' }).click();
  await page.reload();
  await page.getByRole('img', { name: /^What totem totem-hall sees/ }).waitFor();
  await until('the other one', async () => (await names.count()) === 2);
});

test('messages_can_be_stopped_searched_and_read', async () => {
  await until('messages', async () => (await rows().count()) > 5);
  await page.getByRole('button', { name: 'Pause' }).click();
  const newest = await page.locator('.console tbody tr').first().textContent();
  await until('newer ones', async () => /^[1-9]\d* newer$/.test(await page.locator('.newer').textContent()));
  assert.equal(await page.locator('.console tbody tr').first().textContent(), newest);

  await page.getByRole('searchbox').fill('totem-bar');
  await until('the other totem alone', async () =>
    (await page.locator('.console tbody tr').allTextContents()).every((row) => row.includes('totem-bar')),
  );
  await page.getByRole('combobox', { name: 'Type' }).selectOption('realtime_analysis');
  await rows().first().click();
  const told = JSON.parse(await page.locator('.raw pre').textContent());
  assert.equal(told.camera, 'totem-bar');
  assert.match(told.annotated_image, /^\(JPEG, \d+ bytes\)$/);
  assert.ok('detection_confidence' in told.analysis);
  assert.match(page.url(), /type=realtime_analysis/);
  await assertAccessibleInBothThemes(page);

  await page.getByRole('combobox', { name: 'Type' }).selectOption('error');
  await page.getByText('No message has all of this.').waitFor();
  await page.getByRole('combobox', { name: 'Type' }).selectOption('');
  await page.getByRole('searchbox').fill('');
  await page.getByRole('button', { name: 'Go on' }).click();
  await until(
    'it to go on',
    async () => (await page.locator('.console tbody tr').first().textContent()) !== newest,
  );
});

test('both_languages_are_spoken', async () => {
  await page.getByRole('button', { name: 'Español' }).click();
  await page.getByText('Respuestas por segundo').waitFor();
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByText('Answers per second').waitFor();
});

test('a_totem_that_stops_is_grey_and_says_for_how_long', async () => {
  await totems.get('hall').close();
  totems.delete('hall');
  await page.getByText(/totem-hall: no answer for 0:\d\d/).waitFor();
  // Each part of the page looks at the clock once a second.
  await until('no people', async () => (await fact('people').textContent()) === '–');
});

test('a_lost_server_is_told_and_come_back_from', async () => {
  const relay = new Relay(base);
  await relay.up();
  try {
    const far = await open();
    await far.goto(`http://127.0.0.1:${relay.port}/visualization#totem=totem-bar`);
    await canvas(far).waitFor({ state: 'visible' });
    await relay.down();
    await far.getByText(/No connection since \d\d:\d\d:\d\d/).waitFor();
    await assertAccessible(far);
    await relay.up();
    await until('the picture', () => moves(canvas(far)));
    await until('no banner', async () => (await far.locator('.banner').count()) === 0);
    await far.close();
  } finally {
    await relay.down();
  }
});

test('whoever_is_not_signed_in_is_told_how_to', () =>
  apart({ signedIn: false }, async (stranger) => {
    await stranger.goto(`${base}/visualization`);
    await stranger.getByText('atalaya token link').waitFor();
    await assertAccessible(stranger);
  }));

test('a_phone_shows_all_of_it', async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  await canvas().waitFor({ state: 'visible' });
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.equal(wider, 0);
});

test('the_page_never_complained', () => {
  assert.deepEqual(complaints, []);
});
