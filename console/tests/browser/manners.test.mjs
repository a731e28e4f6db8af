// What every page owes its readers: it is small, stays on its own server, complains of nothing, changes language and theme
// at once, goes by keyboard, fits a phone, and has an address that opens it again.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { until } from './chromium.mjs';
import { apart, base, begin, browser, complaints, link, open } from './session.mjs';

/** The pages by their addresses, with a word of each language that only that page's title has. */
const PAGES = [
  { hash: '#/', en: 'Live', es: 'En vivo' },
  { hash: '#/shifts', en: 'Shifts', es: 'Turnos' },
  { hash: '#/events', en: 'Events', es: 'Eventos' },
  { hash: '#/places', en: 'Places', es: 'Lugares' },
  { hash: '#/system', en: 'System', es: 'Sistema' },
  { hash: '#/cameras/demo', en: 'Demo', es: 'Demo' },
];

const BUDGET_BYTES = 200 * 1024;

let page;
/** Every address of another server that a page asked for. */
const foreign = [];

before(async () => {
  await begin();
  // As on a network without a way out: what is not this server's never arrives.
  await browser.context.route(
    (url) => /^https?:$/.test(url.protocol) && url.origin !== base,
    (route) => {
      foreign.push(route.request().url());
      return route.abort();
    },
  );
  page = await open();
});

/** Opens a page and waits for its title and its heading. */
async function go({ hash, en }) {
  await page.goto(`${base}/${hash}`, { waitUntil: 'commit' });
  await until(`the page ${hash}`, async () => (await page.title()) === `${en} · Atalaya`);
  await page.locator('main').getByRole('heading').first().waitFor();
}

/** Puts the keyboard where it is in a page that has just been opened. */
const fromTheTop = () =>
  page.evaluate(() => {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute('tabindex');
  });

const focused = () =>
  page.evaluate(() => {
    const { activeElement: element } = document;
    // After the last control the focus is nobody's for a step: the browser's own controls have it.
    if (!element || element === document.body) return { id: '', name: '', isInMain: false, isNobodys: true };
    const name = element.getAttribute('aria-label') ?? element.textContent?.trim() ?? '';
    const isInMain = document.getElementById('main')?.contains(element) ?? false;
    return { id: element.id, name, isInMain, isNobodys: false };
  });

test('an_address_opens_its_page_once_somebody_has_signed_in', async () => {
  const waiting = page;
  await waiting.goto(`${base}/#/system/models`);
  await waiting.getByRole('heading', { name: 'You are not signed in' }).waitFor();
  const other = await open();
  await other.goto(link);
  await other.locator('main').getByRole('heading').first().waitFor();
  await other.close();
  await waiting.getByRole('button', { name: 'Try again' }).click();
  await waiting.getByRole('heading', { name: 'Models' }).waitFor();
  assert.equal(await waiting.title(), 'System · Atalaya');
});

test('the_first_visit_is_small_and_other_pages_come_when_they_are_opened', async () => {
  const cdp = await browser.context.newCDPSession(page);
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true });
  await page.goto('about:blank');
  await page.goto(`${base}/`);
  await page.locator('main').getByRole('heading').first().waitFor();
  const loaded = () =>
    page.evaluate(() =>
      [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .filter(({ name }) => !new URL(name).pathname.startsWith('/api/'))
        .map(({ name, transferSize }) => ({ name, bytes: transferSize })),
    );
  const first = await loaded();
  const bytes = first.reduce((sum, each) => sum + each.bytes, 0);
  assert.ok(bytes > 10_000 && bytes <= BUDGET_BYTES, `${bytes} bytes: ${JSON.stringify(first)}`);
  await page.getByRole('link', { name: 'System' }).click();
  await page.locator('.system').waitFor();
  assert.ok((await loaded()).length > first.length, 'the page of the system should have come by itself');
  await cdp.detach();
});

test('every_page_has_a_title_one_main_heading_and_fits_a_phone', async () => {
  for (const each of PAGES) {
    await page.setViewportSize({ width: 360, height: 740 });
    await go(each);
    // The wall's cameras are its headings.
    if (each.hash !== '#/') assert.equal(await page.locator('h1').count(), 1, each.hash);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `${each.hash} is ${width} px wide on a phone`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('language_is_switched_at_once_and_nothing_is_loaded_anew', async () => {
  for (const each of PAGES) {
    await go(each);
    await page.evaluate(() => {
      window.stillHere = true;
    });
    const before = await page.locator('#app').innerText();
    await page.getByRole('button', { name: 'Español' }).click();
    await until('the title in Spanish', async () => (await page.title()) === `${each.es} · Atalaya`);
    assert.equal(await page.locator('html').getAttribute('lang'), 'es');
    assert.notEqual(await page.locator('#app').innerText(), before);
    assert.match(page.url(), new RegExp(`${each.hash}$`));
    await page.getByRole('button', { name: 'English' }).click();
    await until('the title in English', async () => (await page.title()) === `${each.en} · Atalaya`);
    assert.equal(
      await page.evaluate(() => window.stillHere),
      true,
      `${each.hash} should not have been reloaded`,
    );
  }
});

test('the_theme_is_switched_at_once_and_kept', async () => {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  let light;
  for (const each of PAGES) {
    await go(each);
    const dark = await ground();
    await page.getByRole('button', { name: 'Switch to the light theme' }).click();
    light = await ground();
    assert.notEqual(light, dark);
    await page.getByRole('button', { name: 'Switch to the dark theme' }).click();
    assert.equal(await ground(), dark);
  }
  await page.getByRole('button', { name: 'Switch to the light theme' }).click();
  await page.reload({ waitUntil: 'commit' });
  const back = page.getByRole('button', { name: 'Switch to the dark theme' });
  await back.waitFor();
  assert.equal(await ground(), light);
  await back.click();
});

test('reports_are_light_where_the_system_is_until_somebody_chooses', () =>
  apart({ colorScheme: 'light' }, async (other) => {
    const shown = () => other.locator('html').getAttribute('data-theme');
    await other.goto(`${base}/#/shifts`);
    await until('a light report', async () => (await shown()) === 'light');
    await other.goto(`${base}/#/`);
    await until('a dark wall', async () => (await shown()) === 'dark');
    await other.goBack();
    await until('a light report again', async () => (await shown()) === 'light');
    await other.emulateMedia({ colorScheme: 'dark' });
    await until('a report as dark as the system', async () => (await shown()) === 'dark');
  }));

test('the_frame_is_walked_by_keyboard_in_the_order_in_which_it_is_read', async () => {
  for (const each of PAGES) {
    await go(each);
    await fromTheTop();
    const names = [];
    for (;;) {
      await page.keyboard.press('Tab');
      const { name, isInMain, isNobodys } = await focused();
      if (isInMain || isNobodys || names.length > 30) break;
      names.push(name);
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(outline, 'none', `${name} should be seen to have the focus`);
    }
    const always = [
      'Skip to the content',
      'Live',
      'Shifts',
      'Events',
      'Places',
      'System',
      'Español',
      'English',
    ];
    assert.deepEqual(
      names.filter((name) => always.includes(name)),
      always,
      `${each.hash}: ${names.join(' | ')}`,
    );
    assert.equal(names.at(-1), 'Sign out');
  }
});

test('the_skip_link_leads_past_the_frame', async () => {
  for (const each of PAGES) {
    await go(each);
    await fromTheTop();
    await page.keyboard.press('Tab');
    const skip = page.getByRole('button', { name: 'Skip to the content' });
    await until('the skip link in sight', async () => ((await skip.boundingBox())?.y ?? -1) >= 0);
    await page.keyboard.press('Enter');
    assert.equal((await focused()).id, 'main', each.hash);
  }
});

test('pages_are_opened_by_keyboard_and_the_reader_begins_at_the_new_one', async () => {
  await go(PAGES[0]);
  for (const each of PAGES.slice(1, 5)) {
    await page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: each.en }).focus();
    await page.keyboard.press('Enter');
    await until(`the page ${each.hash}`, async () => (await page.title()) === `${each.en} · Atalaya`);
    await until('the focus on it', async () => (await focused()).id === 'main');
  }
});

test('back_and_forward_lead_through_the_pages', async () => {
  for (const each of PAGES.slice(0, 3)) await go(each);
  await page.goBack();
  await until('the page before', async () => (await page.title()) === `${PAGES[1].en} · Atalaya`);
  await page.goForward();
  await until('the page after', async () => (await page.title()) === `${PAGES[2].en} · Atalaya`);
});

test('an_address_that_is_none_shows_the_cameras', async () => {
  await page.goto(`${base}/#/nowhere/at/all?x=%`);
  await until('the wall', async () => (await page.title()) === 'Live · Atalaya');
});

test('nothing_was_asked_of_another_server', () => {
  assert.deepEqual(foreign, []);
});

test('no_page_complained', () => {
  assert.deepEqual(complaints, []);
});
