// The page of events in a real browser: what happens is told, also what happened while the connection was lost.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { assertAccessible, assertAccessibleInBothThemes } from './axe.mjs';
import { Relay } from './camera.mjs';
import { until } from './chromium.mjs';
import { apart, api, base, begin, complaints, link, open } from './session.mjs';

let page;

before(async () => {
  await begin({ expected: /Failed to load resource|WebSocket connection to .* failed/ });
  page = await open();
});

async function publish(events) {
  const answer = await api('/events', { method: 'POST', data: events });
  assert.equal(answer.status(), 202, await answer.text());
}

const round = (number) => ({
  type: 'ROUND_READY',
  branch_id: 1,
  entity: { round_id: number },
  session_id: 7,
});
const rows = (of = page) => of.locator('.event');
const live = (of = page) => of.locator('[data-gateway="live"]').waitFor();

test('what_happens_is_told_as_it_happens_newest_first', async () => {
  await page.goto(link);
  await page.goto(`${base}/#/events`);
  await live();
  await until('what the camera tells', async () => (await rows().count()) > 3);
  await publish(round(4711));
  await page.getByText('Round 4711 ready, session 7').waitFor();
  const times = await rows()
    .locator('time')
    .evaluateAll((all) => all.map((time) => Date.parse(time.dateTime)));
  assert.deepEqual(
    times,
    [...times].sort((a, b) => b - a),
  );
  await page.getByRole('button', { name: 'Español' }).click();
  await page.getByText('Pedido 4711 listo, sesión 7').waitFor();
  await page.getByRole('button', { name: 'English' }).click();
});

test('who_opens_later_gets_what_happened_before', () =>
  apart({}, async (other) => {
    await other.goto(`${base}/#/events`);
    await other.getByText('Round 4711 ready').waitFor();
  }));

test('pages_of_a_browser_share_a_connection', async () => {
  const connections = async () => (await (await fetch(`${base}/ws/health`)).json()).connections.total;
  await until('one connection', async () => (await connections()) === 1);
  const second = await open();
  await second.goto(`${base}/#/events`);
  await live(second);
  await second.getByText('Round 4711 ready').waitFor();
  assert.equal(await connections(), 1);
  await second.close();
});

test('a_choice_is_in_the_address_and_survives_a_reload', async () => {
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('rounds');
  await until('rounds alone', async () => (await rows().count()) === 1);
  assert.match(page.url(), /#\/events\?kind=rounds/);
  await page.reload();
  await page.getByText('Round 4711 ready').waitFor();
  assert.equal(await rows().count(), 1);
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('shifts');
  await page.getByRole('combobox', { name: 'Camera' }).selectOption('demo');
  await page.getByText(/fits this choice/).waitFor();
  await page.getByRole('button', { name: 'Show all' }).click();
  await until('all', async () => (await rows().count()) > 3);
});

test('the_list_stands_still_while_one_reads_and_says_what_is_new', async () => {
  await publish(Array.from({ length: 60 }, (_, at) => round(at)));
  await page.getByText('Round 59 ready').waitFor();
  const list = page.locator('.event-list');
  await list.evaluate((element) => element.scrollTo(0, 600));
  const button = page.getByRole('button', { name: /new ↑|new event ↑/ });
  const read = await page.getByText('Round 30 ready').boundingBox();
  await publish([round(801), round(802)]);
  await button.waitFor();
  assert.deepEqual(await page.getByText('Round 30 ready').boundingBox(), read);
  assert.equal(await page.getByText('Round 802 ready').count(), 0);
  await button.click();
  await page.getByText('Round 802 ready').waitFor();
  assert.equal(await list.evaluate((element) => element.scrollTop), 0);
});

test('an_event_is_shown_as_it_was_told', async () => {
  await page.getByText('Round 801 ready').click();
  const dialog = page.getByRole('dialog');
  assert.match(await dialog.locator('.json').textContent(), /"round_id": 801/);
  await assertAccessible(page);
  await page.keyboard.press('Escape');
});

test('a_loss_is_told_and_what_was_missed_comes_afterwards_without_a_gap', () =>
  apart({}, async (other) => {
    const relay = new Relay(base);
    await relay.up();
    try {
      await other.goto(`http://127.0.0.1:${relay.port}/#/events?kind=rounds`);
      await live(other);
      await other.getByText('Round 802 ready').waitFor();
      await relay.down();
      await other.getByText(/Lost since \d\d:\d\d:\d\d/).waitFor();
      await other.locator('[data-gateway="waiting"]').waitFor();
      await publish([round(901), round(902), round(903)]);
      // Accepted is not told yet.
      await page.getByText('Round 903 ready').waitFor();
      await relay.up();
      await live(other);
      await other.getByText(/^Connected again at .*\d+ events? of that time came afterwards/).waitFor();
      await other.getByText(/^Back, \d+ missed events? came afterwards/).waitFor();
      const told = await other.locator('.sentence').allTextContents();
      const missed = told.filter((text) => /Round 90/.test(text)).map((text) => text.match(/\d+/)[0]);
      assert.deepEqual(missed, ['903', '902', '901'], 'each once, in order');
      assert.ok((await other.locator('.event:has-text("Round 90") .late').count()) === 3);
    } finally {
      await relay.down();
    }
  }));

test('the_frame_says_so_when_the_connection_alone_is_lost', () =>
  apart({}, async (other, context) => {
    const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
    const stop = new AbortController();
    // The first browser has one of the user's three connections.
    const held = await Promise.all(
      [1, 2].map(() => fetch(`${base}/api/v1/events/stream`, { headers: { cookie }, signal: stop.signal })),
    );
    assert.deepEqual(
      held.map(({ status }) => status),
      [200, 200],
    );
    await other.goto(base);
    await other.getByRole('link', { name: 'Live events lost' }).click();
    await other.getByText('you have too many connections open').waitFor();
    stop.abort();
    await live(other);
    assert.equal(await other.getByRole('link', { name: 'Live events lost' }).count(), 0);
  }));

test('thousands_of_events_cost_no_more_than_a_screenful', async () => {
  for (let heap = 0; heap < 20; heap += 1) {
    await publish(Array.from({ length: 100 }, (_, at) => round(10_000 + heap * 100 + at)));
  }
  await page.getByText('Round 11999 ready').waitFor();
  assert.ok((await page.locator('.event-list li').count()) < 60);
  const height = await page.locator('.event-list ol').evaluate((element) => element.offsetHeight);
  assert.ok(height > 2000 * 32, `${height} px`);
  await page.locator('.event-list').evaluate((element) => element.scrollTo(0, 32_000));
  await until(
    'lines far below',
    async () => (await page.locator('.event-list li').first().getAttribute('aria-posinset')) > 900,
  );
  await page.locator('.event-list').evaluate((element) => element.scrollTo(0, 0));
});

test('everybody_can_use_it', () => assertAccessibleInBothThemes(page));

test('the_page_never_complained', () => {
  assert.deepEqual(complaints, []);
});
