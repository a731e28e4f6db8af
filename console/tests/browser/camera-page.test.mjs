// The page of one camera: what it sees, and all that can be set, drawn and counted on it.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { assertAccessibleInBothThemes } from './axe.mjs';
import { until } from './chromium.mjs';
import { api, base, begin, complaints, link, open } from './session.mjs';

let page;

before(async () => {
  await begin();
  page = await open();
  await page.goto(link);
  await page.locator('.tile').first().waitFor();
});

const camera = async (id = 'demo') => (await api(`/cameras/${id}`)).json();
const openGroup = async (group) => {
  await page.goto(`${base}/#/cameras/demo?set=${group}`);
  await page.locator('.group-body').waitFor();
};
const toast = (text) => page.locator('.toast').filter({ hasText: text });
const dismissAll = async () => {
  while ((await page.locator('.toast').count()) > 0) {
    await page.locator('.toast').first().getByRole('button', { name: 'Dismiss' }).click();
  }
};

/** A point of the picture, 0..1, on the screen. */
async function spot(x, y) {
  const box = await page.locator('.sketch').boundingBox();
  return [box.x + x * box.width, box.y + y * box.height];
}

async function drag(from, to) {
  await page.mouse.move(...(await spot(...from)));
  await page.mouse.down();
  await page.mouse.move(...(await spot((from[0] + to[0]) / 2, (from[1] + to[1]) / 2)), { steps: 4 });
  await page.mouse.move(...(await spot(...to)), { steps: 4 });
  await page.mouse.up();
}

const near = (actual, expected, within = 0.01) =>
  actual.forEach((value, at) => {
    assert.ok(Math.abs(value - expected[at]) < within, `${actual} should be near ${expected}`);
  });

test('a_camera_says_what_it_sees_now_and_this_hour', async () => {
  await page.goto(`${base}/#/cameras/demo`);
  await page.locator('[data-fact="people-now"]').waitFor();
  await page.getByRole('heading', { name: /^This hour, since \d\d:00$/ }).waitFor();
  await page.getByRole('img', { name: /^People in the last 60 minutes/ }).waitFor();
  assert.equal(await page.locator('.sketch .shape').count(), 0, 'nothing lies on the picture uncalled');
});

test('a_line_is_drawn_with_the_mouse_and_counts_by_what_is_drawn', async () => {
  await openGroup('shapes');
  await page.getByRole('button', { name: 'Draw a line' }).click();
  await page.mouse.click(...(await spot(0.62, 0.95)));
  await page.mouse.click(...(await spot(0.62, 0.2)));
  await page.locator('.sketch [data-shape="line 1"]').waitFor();
  await page.getByLabel('Name').fill('gate');
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  await until('somebody who crosses what is not saved', async () =>
    /[1-9]\d* (in|out)/.test(await page.locator('[data-tally="gate"]').textContent()),
  );
  assert.ok(!(await camera()).lines.some(({ name }) => name === 'gate'), 'nothing is saved by a test');
  await page.getByRole('button', { name: 'Test', exact: true }).click();
});

test('it_is_saved_at_once_and_the_server_counts_who_crosses_it', async () => {
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await toast('line gate: added').waitFor();
  const { lines } = await camera();
  const gate = lines.find(({ name }) => name === 'gate');
  near(gate.from, [0.62, 0.95]);
  near(gate.to, [0.62, 0.2]);
  await until('crossings', async () => {
    const status = (await camera()).status.lines.find(({ name }) => name === 'gate');
    return status.entries + status.exits > 0;
  });
});

test('a_mistake_is_one_undo_away', async () => {
  await page.locator('.shape-name', { hasText: 'gate' }).click();
  await drag([0.62, 0.2], [0.8, 0.3]);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await toast('line gate: changed').getByRole('button', { name: 'Undo' }).click();
  await until('the old line', async () => {
    const gate = (await camera()).lines.find(({ name }) => name === 'gate');
    return Math.abs(gate.to[0] - 0.62) < 0.01;
  });
  await page.locator('.settings .button.first:disabled', { hasText: 'Save' }).waitFor();
  await dismissAll();
});

test('a_zone_is_drawn_closed_and_given_more_points_by_mouse', async () => {
  await page.getByRole('button', { name: 'Draw a zone' }).click();
  for (const point of [
    [0.7, 0.6],
    [0.95, 0.6],
    [0.95, 0.9],
    [0.7, 0.9],
    [0.7, 0.6],
  ]) {
    await page.mouse.click(...(await spot(...point)));
  }
  const zone = page.locator('.sketch [data-shape="zone 1"]');
  await zone.waitFor();
  assert.equal(await zone.locator('.handle').count(), 4, 'the fifth click closes it');
  await page.mouse.dblclick(...(await spot(0.825, 0.6)));
  await until('a fifth point', async () => (await zone.locator('.handle').count()) === 5);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await toast('zone 1: added').waitFor();
  assert.equal((await camera()).zones.find(({ name }) => name === 'zone 1').corners.length, 5);
});

test('points_are_moved_added_and_deleted_by_keyboard', async () => {
  const zone = page.locator('.sketch [data-shape="zone 1"]');
  if ((await zone.locator('.handle').count()) === 0) {
    await page.locator('.shape-name', { hasText: 'zone 1' }).click();
  }
  const first = zone.locator('.handle').first();
  await first.focus();
  const label = await first.getAttribute('aria-label');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+ArrowDown');
  assert.notEqual(await first.getAttribute('aria-label'), label);
  assert.match(await first.getAttribute('aria-label'), /^Point 1 of zone 1, 71 % from the left, 65 %/);
  assert.match(page.url(), /cameras\/demo/, 'arrow keys leaf through no cameras meanwhile');
  await page.keyboard.press('Insert');
  assert.equal(await zone.locator('.handle').count(), 6);
  await page.keyboard.press('Delete');
  assert.equal(await zone.locator('.handle').count(), 5);
  await page.keyboard.press('Control+z');
  await page.keyboard.press('Control+z');
  await page.keyboard.press('Control+z');
  await page.keyboard.press('Control+z');
  assert.equal(await first.getAttribute('aria-label'), label, 'four steps back');
});

test('what_the_server_would_refuse_is_said_before', async () => {
  await page.getByRole('button', { name: 'Delete zone 1' }).click();
  await page.locator('.shape-name', { hasText: 'gate' }).click();
  await page.getByLabel('Name').fill('path');
  await page.getByText('Another one has this name.').first().waitFor();
  assert.ok(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled());
  await page.getByRole('button', { name: 'Discard' }).click();
});

test('who_was_slower_sees_what_somebody_else_has_changed', async () => {
  await openGroup('analysis');
  const threshold = page.getByLabel('Surety to begin with');
  await until('what holds', async () => (await threshold.getAttribute('placeholder')) === '0.5');
  await threshold.fill('0.5');
  await api('/cameras/demo', { method: 'PATCH', data: { name: 'Demo by Ana' } });
  await page.getByRole('heading', { name: 'Demo by Ana' }).waitFor();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const conflict = page.locator('.conflict');
  await conflict.getByText('name: Demo → Demo by Ana').waitFor();
  assert.equal((await camera()).parameters.threshold, undefined, 'nothing was written over it');
  await conflict.getByRole('button', { name: 'Save mine over it' }).click();
  await toast('surety to begin with: default → 0.5').waitFor();
  const both = await camera();
  assert.deepEqual([both.name, both.parameters.threshold], ['Demo by Ana', 0.5]);
  await toast('surety').getByRole('button', { name: 'Undo' }).click();
  await until('the default', async () => (await camera()).parameters.threshold === undefined);
  await dismissAll();
});

test('what_somebody_else_changes_is_taken_over_where_nothing_is_lost_by_it', async () => {
  await openGroup('source');
  assert.equal(await page.getByLabel('Name').inputValue(), 'Demo by Ana');
  await api('/cameras/demo', { method: 'PATCH', data: { name: 'Demo' } });
  await until('the new name', async () => (await page.getByLabel('Name').inputValue()) === 'Demo');
  assert.equal(await page.locator('.conflict').count(), 0);
});

test('what_is_typed_is_kept_while_its_group_is_closed', async () => {
  await openGroup('source');
  await page.getByLabel('Name').fill('Half a na');
  const group = page.getByRole('button', { name: /^Source/ });
  await group.click();
  await group.getByText('Not saved yet').waitFor();
  await group.click();
  assert.equal(await page.getByLabel('Name').inputValue(), 'Half a na');
  await page.getByRole('button', { name: 'Discard' }).click();
  assert.equal(await page.getByLabel('Name').inputValue(), 'Demo');
});

test('what_is_not_saved_is_asked_about_before_it_is_lost', async () => {
  const data = { id: 'spare', name: 'Spare', pipeline: 'test', parameters: {} };
  assert.equal((await api('/cameras', { method: 'POST', data })).status(), 201);
  await openGroup('shapes');
  await page.getByRole('button', { name: 'Next camera' }).waitFor();
  await page.getByRole('button', { name: 'Draw a line' }).focus();
  await page.keyboard.press('Enter');
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  await until('the focus on the first point', async () => /^Point 1 of line 1/.test(await focused()));
  const asked = [];
  const onDialog = (dialog) => {
    asked.push(dialog.message());
    return asked.length < 3 ? dialog.dismiss() : dialog.accept();
  };
  page.on('dialog', onDialog);
  await page.getByRole('button', { name: 'Draw a line' }).focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(asked.length, 0, 'arrow keys lead to no other camera meanwhile');
  await page.getByRole('link', { name: 'Shifts' }).click();
  await until('the question', () => asked.length === 1);
  assert.match(asked[0], /not saved yet/);
  await until('the camera', () => /cameras\/demo/.test(page.url()));
  await page.locator('.sketch [data-shape="line 1"]').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await until('the question again', () => asked.length === 2);
  await page.getByRole('link', { name: 'Shifts' }).click();
  await until('the other page', async () => (await page.title()) === 'Shifts · Atalaya');
  page.off('dialog', onDialog);
  assert.equal(asked.length, 3);
  await api('/cameras/spare', { method: 'DELETE' });
});

test('an_area_is_painted_out_and_taken_back', async () => {
  await openGroup('privacy');
  await page.getByRole('button', { name: 'Paint out an area' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Save', exact: true }).last().click();
  await toast('painted-out areas: 0 → 1').waitFor();
  assert.equal((await camera()).parameters.mask, '0.35,0.35,0.65,0.35,0.65,0.65,0.35,0.65');
  const isBlack = () =>
    page
      .locator('.camera video')
      .first()
      .evaluate((video) => {
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [100, 100];
        const pen = canvas.getContext('2d');
        pen.drawImage(video, 0, 0, 100, 100);
        return pen.getImageData(45, 45, 4, 4).data.every((value, at) => at % 4 === 3 || value < 24);
      });
  await until('black in the video', isBlack);
  await toast('painted-out').getByRole('button', { name: 'Undo' }).click();
  await until('the picture again', async () => !(await isBlack()));
  await dismissAll();
});

test('it_can_be_stopped_started_and_its_log_says_so', async () => {
  await openGroup('log');
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.locator('.camera > header [data-state="stopped"]').waitFor();
  await page.locator('.camera > header').getByRole('button', { name: 'Start', exact: true }).click();
  await page.locator('.camera > header [data-state="running"]').waitFor();
  await page.locator('.log li', { hasText: 'Stopped' }).waitFor();
  await page.locator('.log li', { hasText: 'A picture is there' }).first().waitFor();
  await dismissAll();
});

test('a_camera_is_deleted_and_comes_back_by_undo', async () => {
  const data = { id: 'spare', name: 'Spare', pipeline: 'test', parameters: {} };
  assert.equal((await api('/cameras', { method: 'POST', data })).status(), 201);
  await page.goto(`${base}/#/cameras/spare`);
  await page.getByRole('button', { name: 'Delete camera' }).click();
  await toast('Spare is deleted').waitFor();
  await until('one tile', async () => (await page.locator('.tile').count()) === 1);
  await toast('Spare is deleted').getByRole('button', { name: 'Undo' }).click();
  await page.locator('.tile[data-camera="spare"]').waitFor();
  await until('it runs', async () => (await camera('spare')).status.state === 'running');
  await page.goto(`${base}/#/cameras/spare`);
  await page.getByRole('button', { name: 'Delete camera' }).click();
  await until('it is gone for good', async () => (await api('/cameras/spare')).status() === 404);
  await dismissAll();
});

test('everybody_can_use_it', async () => {
  for (const group of ['shapes', 'source', 'privacy', 'log']) {
    await openGroup(group);
    await page.locator('.group-body .skeleton').waitFor({ state: 'detached' });
    await assertAccessibleInBothThemes(page);
  }
});

test('the_page_never_complained', () => {
  assert.deepEqual(complaints, []);
});
