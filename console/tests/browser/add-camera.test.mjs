// A new camera: found on the network or described by hand, and looked at before it is done.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { assertAccessibleInBothThemes } from './axe.mjs';
import { until } from './chromium.mjs';
import { moves } from './pictures.mjs';
import { api, base, begin, complaints, link, open } from './session.mjs';

let page;

before(async () => {
  await begin();
  page = await open();
  await page.goto(link);
  await page.locator('.tile').first().waitFor();
});

const dialog = () => page.getByRole('dialog', { name: 'Add a camera' });

test('a_camera_is_described_by_hand_and_seen_before_it_is_done', async () => {
  await page.getByRole('link', { name: 'Add a camera' }).click();
  await dialog().getByRole('button', { name: 'By hand' }).click();
  await page.waitForURL(/add=hand/);
  await dialog().getByLabel('What kind of source').selectOption('test');
  await dialog().getByLabel('Test picture').selectOption('ball');
  await dialog().getByLabel('Name').fill('Ball room');
  assert.equal(await dialog().getByLabel('Id', { exact: true }).inputValue(), 'ball-room');
  await dialog().getByRole('button', { name: 'Add and check' }).click();
  await dialog().getByText('It runs: 640 × 480 px').waitFor();
  await until('a moving picture', () => moves(dialog().locator('video').last()));
  await dialog().getByRole('button', { name: 'Done' }).click();
  await page.locator('.tile[data-camera="ball-room"]').waitFor();
  await api('/cameras/ball-room', { method: 'DELETE' });
});

test('what_does_not_run_says_why_and_is_changed_in_the_same_place', async () => {
  await page.goto(`${base}/#/?add=hand`);
  await dialog().getByLabel('Address or file').fill('http://nowhere/stream');
  await dialog()
    .getByText(/^An address that begins with rtsp:\/\//)
    .waitFor();
  await dialog().getByLabel('Address or file').fill('rtsp://127.0.0.1:9/nothing');
  await dialog().getByLabel('Name').fill('Nobody there');
  await dialog().getByRole('button', { name: 'Add and check' }).click();
  await dialog().locator('[data-state="lost"]').waitFor();
  await dialog().getByText('No picture yet.').waitFor();
  await dialog().getByRole('button', { name: 'Change settings' }).click();
  assert.equal(await dialog().getByLabel('Name').inputValue(), 'Nobody there');
  assert.equal((await api('/cameras/nobody-there')).status(), 404, 'what was only tried is gone');
  await page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'detached' });
});

test('a_camera_is_found_by_its_address_and_used_as_proposed', async () => {
  const demo = await (await api('/cameras/demo')).json();
  const { host } = new URL(demo.parameters.location.replace(/^rtsp:/, 'http:'));
  await page.goto(`${base}/#/?add=find`);
  await dialog().getByLabel('Addresses').fill(host);
  await dialog().getByRole('button', { name: 'Search' }).click();
  await dialog().getByText('One device answered').waitFor();
  await bothThemes();
  const device = dialog().locator('[data-address="127.0.0.1"]');
  await device.getByRole('link', { name: 'Already there as demo' }).waitFor();
  await device.getByRole('button', { name: /^Use / }).click();
  assert.match(await dialog().getByLabel('Address or file').inputValue(), /^rtsp:\/\/127\.0\.0\.1:\d+\/cam/);
  await dialog().getByLabel('Name').fill('Found again');
  await dialog().getByRole('button', { name: 'Add and check' }).click();
  await dialog().getByText('It runs: 768 × 576 px').waitFor();
  await dialog().getByRole('button', { name: 'Draw zones and lines' }).click();
  await page.getByRole('heading', { name: 'Found again' }).waitFor();
  const id = new URL(page.url()).hash.match(/cameras\/([a-z0-9-]+)/)[1];
  await api(`/cameras/${id}`, { method: 'DELETE' });
});

/** The page's button for the theme is out of reach behind a dialog. */
async function bothThemes() {
  await assertAccessibleInBothThemes(page, () =>
    page.evaluate(() => {
      const { dataset } = document.documentElement;
      dataset.theme = dataset.theme === 'light' ? 'dark' : 'light';
    }),
  );
}

test('the_page_never_complained', () => {
  assert.deepEqual(complaints, []);
});
