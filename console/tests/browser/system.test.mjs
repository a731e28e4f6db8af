// The System page in a real browser, against a real server: what an administrator does there, and what others are told.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { assertAccessible, assertAccessibleInBothThemes } from './axe.mjs';
import { until } from './chromium.mjs';
import { apart, api, base, begin, browser, complaints, link, open } from './session.mjs';

let page;

before(async () => {
  await begin();
  page = await open();
  await page.goto(link);
  await go('health');
});

async function go(part, on = page) {
  await on.goto(`${base}/#/system/${part}`);
  await on.locator(`[data-part="${part.split(/[/?]/)[0]}"]`).waitFor();
}

/** A page of somebody with this token. */
const as = (token, work) =>
  apart({ signedIn: false }, async (other, context) => {
    const held = { name: 'atalaya_session', value: token, url: base, httpOnly: true, sameSite: 'Lax' };
    await context.addCookies([held]);
    await work(other);
  });

async function tokenFor(roles) {
  const issued = await api('/tokens', { method: 'POST', data: { subject: 'somebody', roles, ttl: '1h' } });
  assert.equal(issued.status(), 201, await issued.text());
  return (await issued.json()).token;
}

test('health_tells_checks_cameras_and_nodes', async () => {
  await page.getByText('The server is ready').waitFor();
  await until('four that are well', async () => (await page.locator('[data-check="running"]').count()) === 4);
  await page.locator('[data-check="stopped"]').getByText('Redis').waitFor();
  const demo = page.getByRole('region', { name: 'Cameras' }).getByRole('row', { name: /Demo/ });
  await demo.locator('[data-state="running"]').waitFor();
  await page.getByText('answers you').waitFor();
});

test('figures_have_a_unit_and_get_a_course', async () => {
  const cpu = page.locator('[data-quantity="cpu"]');
  await cpu.getByText(/^\d+(\.\d+)? cores?$/).waitFor();
  await page
    .locator('[data-quantity="memory"]')
    .getByText(/^[\d,.]+ MB$/)
    .waitFor();
  const points = async () => ((await cpu.locator('polyline').getAttribute('points')) ?? '').split(' ').length;
  await until('a line', async () => (await points()) >= 3);
  assert.match(
    await cpu.getByRole('img').getAttribute('aria-label'),
    /^From .* cores? to .* in the last minute$/,
  );
});

test('cameras_that_do_not_run_are_found_and_the_choice_is_in_the_address', async () => {
  await page.getByRole('button', { name: 'Not running' }).click();
  await page.getByText('Every camera is running.').waitFor();
  await page.reload();
  await page.getByText('Every camera is running.').waitFor();
  assert.equal(
    await page.getByRole('button', { name: 'Not running' }).getAttribute('aria-pressed'),
    'true',
    page.url(),
  );
});

test('models_say_where_they_run_and_how_fast', async () => {
  await go('models');
  const detector = page.getByRole('row', { name: /detector loaded CPU/ });
  await detector.getByText(/^[\d,.]+ ms$/).waitFor();
});

test('a_pipeline_shows_its_parameters_and_launch_text', async () => {
  await go('pipelines');
  await page.getByRole('link', { name: 'rtsp' }).click();
  await page.getByRole('row', { name: /^location address: rtsp.*never shown required/ }).waitFor();
  await page.getByText('rtspsrc name=source').waitFor();
  assert.match(page.url(), /#\/system\/pipelines\/rtsp$/);
});

const verdict = () => page.locator('#verdict');
const text = () => page.getByRole('textbox', { name: 'Pipeline description' });

test('the_example_is_checked_and_a_mistake_is_shown_at_its_line', async () => {
  await go('check');
  await page.getByRole('button', { name: 'Start from an example' }).click();
  await verdict().getByText('Nothing is wrong').waitFor();
  const good = await text().inputValue();
  await text().fill(good.replace('type = "int"', 'type = "inn"'));
  await verdict().getByText('One thing is wrong').waitFor();
  const line = good.split('\n').indexOf('type = "int"') + 1;
  assert.match(await page.locator('[data-wrong]').textContent(), /^type = "inn".*unknown variant/);
  await page.getByRole('button', { name: `Line ${line}` }).click();
  const chosen = await text().evaluate((area) => area.value.slice(area.selectionStart, area.selectionEnd));
  assert.equal(chosen, 'type = "inn"');
  await text().fill(good.replace('visiontrack', 'visiontrak'));
  await page
    .getByRole('list', { name: 'What is wrong' })
    .getByText(/visiontrak/)
    .waitFor();
  await verdict().getByText('One thing is wrong').waitFor();
});

test('a_dropped_file_is_checked_and_removing_it_can_be_undone', async () => {
  const transfer = await page.evaluateHandle(() => {
    const made = new DataTransfer();
    made.items.add(new File(['name = "dropped"\r\nlunch = 1\r\n'], 'dropped.toml'));
    return made;
  });
  await page.locator('.checker').dispatchEvent('drop', { dataTransfer: transfer });
  await page.locator('[data-wrong]').getByText(/lunch/).last().waitFor();
  assert.equal(await text().inputValue(), 'name = "dropped"\nlunch = 1\n');
  await page.getByRole('button', { name: 'Remove the text' }).click();
  assert.equal(await text().inputValue(), '');
  await page.getByRole('button', { name: 'Undo' }).click();
  assert.match(await text().inputValue(), /dropped/);
});

test('a_model_is_told_from_a_pipeline_and_where_it_is_checked', async () => {
  await page.locator('input[type="file"]').setInputFiles({
    name: 'nanodet.toml',
    mimeType: 'text/plain',
    buffer: Buffer.from('name = "nanodet"\nsha256 = "00"\n'),
  });
  await verdict().getByText('a model’s manifest').waitFor();
  await page.getByText('atalaya models verify').waitFor();
});

test('a_job_is_run_now', async () => {
  await go('jobs');
  const backup = page.locator('[data-job="backup"]');
  await backup.locator('[data-outcome="done"]').waitFor();
  const before = (await (await api('/jobs')).json()).items.find(({ name }) => name === 'backup').last.started;
  await page.getByRole('button', { name: 'Run “Back up” now' }).click();
  await page.getByText('“Back up” has begun.').waitFor();
  await until('another backup', async () => {
    const { last } = (await (await api('/jobs')).json()).items.find(({ name }) => name === 'backup');
    return last.started !== before && last.outcome === 'done';
  });
  await backup.locator('[data-outcome="done"]').waitFor();
});

test('a_token_is_issued_shown_once_good_for_its_role_and_revoked', async () => {
  await go('tokens');
  await page.getByRole('button', { name: 'Issue a token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Issue it' }).click();
  await dialog.getByText('This is missing.').waitFor();
  await dialog.getByLabel('For whom').fill('display at the bar');
  await dialog.getByLabel('Good for').fill('8');
  await dialog.getByLabel('Unit').selectOption('h');
  await assertAccessible(page);
  await dialog.getByRole('button', { name: 'Issue it' }).click();
  await dialog.getByText('shown this once').waitFor();
  const token = await dialog.locator('code').first().textContent();
  await dialog.getByRole('button', { name: 'I have it' }).click();
  assert.equal(await page.getByText(token).count(), 0);
  const row = page.getByRole('row', { name: /display at the bar/ });
  await row.locator('[data-token="good"]').waitFor();

  await as(token, async (viewer) => {
    await go('health', viewer);
    await viewer.getByText('The server is ready').waitFor();
    await viewer.locator('[data-quantity="memory"]').waitFor();
    await viewer.getByText(/may not operate the server/).waitFor();
    for (const part of ['check', 'jobs', 'tokens', 'audit']) {
      await go(part, viewer);
      await viewer
        .getByText(/^Your role \(Viewer\) may not/)
        .first()
        .waitFor();
    }
    await go('about', viewer);
    await viewer.getByText('display at the bar (Viewer)').waitFor();
  });

  await row.getByRole('button', { name: 'Revoke the token of display at the bar' }).click();
  await page.getByRole('dialog').getByText('There is no way back').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await row.locator('[data-token="revoked"]').waitFor();
  const refused = await api('/cameras', { headers: { authorization: `Bearer ${token}`, cookie: '' } });
  assert.equal(refused.status(), 401);
});

test('tokens_are_found_by_name_and_state', async () => {
  await page.getByLabel('Find by name').fill('bar');
  await page.getByRole('button', { name: 'Not revoked' }).click();
  await page.getByText('No token is like this.').waitFor();
  // What is typed is in the address once the typing has paused.
  await page.waitForURL(/\?show=good&q=bar$/);
  await page.reload();
  await page.getByText('No token is like this.').waitFor();
  await page.getByRole('button', { name: 'Revoked', exact: true }).click();
  await page.getByRole('row', { name: /display at the bar/ }).waitFor();
});

test('guests_of_a_table_get_a_token_from_a_waiter', async () => {
  await as(await tokenFor(['waiter']), async (waiter) => {
    await go('tokens', waiter);
    await waiter.getByText(/^Your role \(Waiter\) may not see, issue or revoke tokens/).waitFor();
    await waiter.getByRole('button', { name: 'Token for a table' }).click();
    const dialog = waiter.getByRole('dialog');
    await dialog.getByLabel('Good for').fill('2');
    await dialog.getByLabel('Unit').selectOption('d');
    await dialog.getByRole('button', { name: 'Issue it' }).click();
    await dialog.getByText('A day at most.').waitFor();
    await dialog.getByLabel('Session').fill('77');
    await dialog.getByLabel('Unit').selectOption('h');
    await dialog.getByRole('button', { name: 'Issue it' }).click();
    assert.match(await dialog.locator('code').textContent(), /^v1\./);
    await go('health', waiter);
    await waiter
      .getByText(/^Your role \(Waiter\) may not read metrics/)
      .first()
      .waitFor();
  });
});

test('the_change_log_tells_who_did_what_and_goes_on_below', async () => {
  const made = await api('/sectors', { method: 'POST', data: { branch_id: 1, name: 'Terrace' } });
  const path = `/sectors/${(await made.json()).id}`;
  for (let n = 0; n < 120; n += 1) {
    const named = await api(path, { method: 'PATCH', data: { name: `Terrace ${n}` } });
    assert.equal(named.status(), 200);
  }
  await go('audit');
  const log = page.getByRole('region', { name: 'Change log' });
  await log
    .getByRole('link', { name: /changed sectors/ })
    .first()
    .waitFor();
  const rows = async () => Number(await log.getByRole('table').getAttribute('aria-rowcount')) - 1;
  assert.equal(await rows(), 100);
  await log.evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await until('the next page', async () => (await rows()) > 120);
  await page.getByLabel('What').fill('jobs');
  const ran = log.getByRole('link', { name: 'ran jobs/backup' });
  await ran.waitFor();
  await until('only this', async () => (await rows()) === 1);
  await ran.click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('never values').waitFor();
  await dialog.getByText(/ \d\d:\d\d:\d\d UTC$/).waitFor();
  await assertAccessible(page);
  const address = page.url();
  await page.keyboard.press('Escape');
  await until('a closed dialog', async () => (await page.getByRole('dialog').count()) === 0);
  await page.goto(address);
  await page.reload();
  await page.getByRole('dialog').getByText('ran jobs/backup').waitFor();
  await page.keyboard.press('Escape');
  await page.getByLabel('From day').fill('2020-01-01');
  await page.getByLabel('To day').fill('2020-01-02');
  await page.getByText('Nobody changed anything like this.').waitFor();
  await page.getByRole('button', { name: 'All changes' }).click();
  await until('all again', async () => (await rows()) === 100);
});

test('about_leads_to_what_programs_read', async () => {
  await go('about');
  await page.getByText(/^Atalaya \d+\.\d+/).waitFor();
  for (const each of await page.locator('.links a').all()) {
    const address = await each.getAttribute('href');
    const answer = await browser.context.request.get(base + address);
    assert.equal(answer.status(), 200, address);
  }
});

test('parts_are_reached_by_keyboard_and_an_unknown_one_is_health', async () => {
  await page.goto(`${base}/#/system/nonsense`);
  await page.locator('[data-part="health"]').waitFor();
  const parts = page.getByRole('navigation', { name: 'Parts of the system' });
  await parts.getByRole('link', { name: 'Health' }).focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('[data-part="models"]').waitFor();
  assert.equal(await parts.locator('[aria-current="page"]').textContent(), 'Models');
});

test('every_part_is_accessible_in_both_themes_and_in_spanish', async () => {
  for (const part of ['health', 'models', 'pipelines/rtsp', 'check', 'jobs', 'tokens', 'audit', 'about']) {
    await go(part);
    await until('an answer', async () => (await page.locator('.skeleton').count()) === 0);
    await assertAccessibleInBothThemes(page);
  }
  await page.getByRole('button', { name: 'Español' }).click();
  await page.getByRole('heading', { name: 'Acerca de' }).waitFor();
  await page.getByRole('link', { name: 'Registro de cambios' }).waitFor();
});

test('the_page_never_complained', () => {
  assert.deepEqual(complaints, []);
});
