// The page of places in a real browser: branches, shifts over changes of the clock, sectors and who serves them.
//
// `tests/console.rs` starts the server, whose configuration has the branch "Beach", and hands over its login link.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { assertAccessible, assertAccessibleInBothThemes } from './axe.mjs';
import { until } from './chromium.mjs';
import { api as ask, base, begin, complaints, link, open } from './session.mjs';

let page;

before(async () => {
  await begin();
  page = await open();
  await page.goto(link);
  await page.goto(`${base}/#/places`);
});

const api = async (path, options) => {
  const answer = await ask(path, options);
  assert.ok(answer.ok(), await answer.text());
  return answer.status() === 204 ? undefined : answer.json();
};
const button = (name) => page.getByRole('button', { name, exact: true });
const dialog = () => page.getByRole('dialog');
const branchNamed = async (name) => (await api('/branches')).items.find((branch) => branch.name === name);
const undo = () => page.locator('.toast').last().getByRole('button', { name: 'Undo' }).click();

test('a_branch_is_added_with_a_time_zone_that_is_searched_for', async () => {
  await button('Add a branch').click();
  await dialog().getByLabel('Name').fill('Harbour');
  await dialog().getByLabel('Find a time zone').fill('madrid');
  await dialog().getByLabel('Time zone', { exact: true }).selectOption('Europe/Madrid');
  await assertAccessible(page);
  await dialog().getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Harbour', exact: true }).waitFor();
  const { id } = await branchNamed('Harbour');
  assert.match(page.url(), new RegExp(`#/places/${id}$`));
});

test('what_the_next_changes_of_the_clock_do_to_shifts_is_shown', async () => {
  await page.getByText(/night lasts 7\sh instead of 8\sh/).waitFor();
  await page.getByText(/night lasts 9\sh instead of 8\sh/).waitFor();
  await page.getByText(/The clock goes 1\sh forward, from 02:00 to 03:00/).waitFor();
});

test('shifts_are_changed_and_taken_back', async () => {
  const { id } = await branchNamed('Harbour');
  const names = async () => (await api(`/schedules/${id}`)).shifts.map(({ name }) => name);
  await button('Change the shifts').click();
  await dialog().getByLabel('Name').first().fill('breakfast');
  await dialog().getByLabel('Starts').first().fill('05:30');
  await dialog().getByRole('button', { name: 'Sunday' }).first().click();
  await dialog().getByRole('button', { name: 'Save' }).click();
  await page.getByRole('cell', { name: 'breakfast' }).waitFor();
  await page.getByRole('cell', { name: 'Mon–Sat' }).waitFor();
  assert.deepEqual(await names(), ['breakfast', 'afternoon', 'night']);
  await undo();
  await page.getByRole('cell', { name: 'morning' }).waitFor();
  assert.deepEqual(await names(), ['morning', 'afternoon', 'night']);
});

test('a_change_of_somebody_else_is_not_lost', async () => {
  const { id } = await branchNamed('Harbour');
  await button('Change Harbour').click();
  await dialog().getByLabel('Name').fill('Harbour bar');
  await api(`/branches/${id}`, { method: 'PATCH', data: { name: 'Port' } });
  await dialog().getByRole('button', { name: 'Save' }).click();
  await dialog().getByText('Somebody else has changed this meanwhile.').waitFor();
  await dialog().getByRole('button', { name: 'Load theirs' }).click();
  await until('theirs', async () => (await dialog().getByLabel('Name').inputValue()) === 'Port');
  await dialog().getByLabel('Name').fill('Harbour');
  await api(`/branches/${id}`, { method: 'PATCH', data: { name: 'Pier' } });
  await dialog().getByRole('button', { name: 'Save' }).click();
  await dialog().getByRole('button', { name: 'Save mine over it' }).click();
  await page.getByText('Harbour is changed.').waitFor();
  await page.getByRole('heading', { name: 'Harbour', exact: true }).waitFor();
  assert.ok(await branchNamed('Harbour'));
});

test('sectors_are_served_and_come_back_with_those_who_serve_them', async () => {
  const { id } = await branchNamed('Harbour');
  const served = async () =>
    (await api(`/sectors/assignments?branch_id=${id}`)).items.map((each) => [
      each.user,
      each.sector_ids.length,
    ]);
  for (const name of ['Terrace', 'Bar']) {
    await button('Add a sector').click();
    await dialog().getByLabel('Name').fill(name);
    await dialog().getByRole('button', { name: 'Save' }).click();
    await button(`Delete ${name}`).waitFor();
  }
  await page.getByLabel('Name in their token').fill('ana');
  await button('Add').click();
  await page.getByLabel('ana serves Bar').check();
  await page.getByText('ana serves Bar.').waitFor();
  assert.deepEqual(await served(), [['ana', 1]]);
  await button('Delete Bar').click();
  await page.getByText('Bar is deleted.').waitFor();
  await until('nobody', async () => (await served()).length === 0);
  await undo();
  await page.getByLabel('ana serves Bar').waitFor();
  await until('ana again', async () => (await page.getByLabel('ana serves Bar').isChecked()) === true);
  assert.deepEqual(await served(), [['ana', 1]]);
});

test('everybody_can_use_it', () => assertAccessibleInBothThemes(page));

test('what_the_configuration_file_says_is_not_changed_here', async () => {
  await page.getByRole('link', { name: 'Beach' }).click();
  await page.getByText(/stands in the configuration file/).waitFor();
  assert.equal(await button('Change Beach').count(), 0);
  assert.equal(await button('Change the shifts').count(), 0);
  await button('Add a sector').waitFor();
});

test('a_branch_with_cameras_stays_and_says_why', async () => {
  const [camera] = (await api('/cameras')).items;
  await page.goto(`${base}/#/places/${camera.branch_id}`);
  await page.getByText('A camera is in it: move or delete it first.').first().waitFor();
  assert.ok(await page.getByRole('button', { name: /^Delete Branch/ }).isDisabled());
});

test('a_branch_is_deleted_and_comes_back_as_it_was', async () => {
  await page.getByRole('link', { name: 'Harbour' }).click();
  await button('Delete Harbour').click();
  await page.getByText('Harbour is deleted.').waitFor();
  await until('it is gone', async () => !(await branchNamed('Harbour')));
  await undo();
  await page.getByRole('link', { name: 'Harbour' }).click();
  await until('who served it', async () => page.getByLabel('ana serves Bar').isChecked());
});

test('the_page_never_complained', () => {
  assert.deepEqual(complaints, []);
});
