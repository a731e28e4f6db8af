// Shifts in a real browser, against a real server whose camera shows people walking by.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, test } from 'node:test';
import { assertAccessible, assertAccessibleInBothThemes } from './axe.mjs';
import { until } from './chromium.mjs';
import { api, base, begin, browser, complaints, link, open } from './session.mjs';

let page;

before(async () => {
  await begin({ acceptDownloads: true });
  // What a browser without the File System Access API does; the other way has a test of its own.
  await browser.context.addInitScript(() => {
    if (!sessionStorage.getItem('picker')) delete window.showSaveFilePicker;
  });
  page = await open();
  await page.goto(link);
});

const number = (text) => Number(text?.replace(/\D/g, ''));
const fact = async (name) =>
  number(await page.locator(`[data-fact="${name}"] .figure`).first().textContent());
const block = (name) => page.getByRole('region', { name, exact: true });
const rowsOf = async (table) => {
  const rows = await table.locator('tbody tr').all();
  return Promise.all(rows.map((row) => row.locator('th, td').allTextContents()));
};
/** Whether anything is drawn on a chart's canvas. */
const isDrawn = (canvas) =>
  canvas.evaluate((element) => {
    const { data } = element.getContext('2d').getImageData(0, 0, element.width, element.height);
    return data.some((value, at) => at % 4 === 3 && value > 0);
  });
const read = async (path) => (await api(path)).json();

test('the_running_shift_is_told_and_goes_on_by_itself', async () => {
  await page.goto(`${base}/#/shifts`);
  await page.getByText(/running until \d\d:\d\d/).waitFor();
  await until(
    'a visit',
    async () => (await page.locator('[data-fact="visits"]').count()) && (await fact('visits')) > 0,
    180_000,
  );
  const first = await fact('visits');
  const title = await page.locator('h1').textContent();
  await until('another visit', async () => (await fact('visits')) > first, 120_000);
  assert.equal(await page.locator('h1').textContent(), title);
  const { summary } = await read('/shifts/current/comparison');
  assert.ok(Math.abs((await fact('visits')) - summary.visits) <= 10, `the server counts ${summary.visits}`);
});

test('every_chart_is_drawn_and_says_its_figures_in_a_table', async () => {
  for (const name of ['People at once', 'Visits by hour', 'Length of stay']) {
    const chart = block(name);
    await until(`the chart of ${name}`, async () => (await chart.locator('canvas').count()) === 1);
    await until(`something on ${name}`, () => isDrawn(chart.locator('canvas')));
    assert.match(await chart.locator('figure .unseen').textContent(), /\d/, `${name} in a sentence`);
    await chart.getByRole('button', { name: 'As a table' }).click();
    // The first minute may be one in which nobody came.
    const counts = async () => (await rowsOf(chart.locator('table'))).map((row) => row[1]);
    await until(
      `somebody in ${name}`,
      async () => (await counts()).some((count) => /[1-9]/.test(count)),
      120_000,
    );
    await chart.getByRole('button', { name: 'As a table' }).click();
    await until(`the chart of ${name} again`, async () => (await chart.locator('canvas').count()) === 1);
  }
});

test('a_chart_takes_the_colours_of_the_theme', async () => {
  const canvas = block('Visits by hour').locator('canvas');
  const seen = () =>
    canvas.evaluate((element) => {
      const { data } = element.getContext('2d').getImageData(0, 0, element.width, element.height);
      return data.reduce((sum, value, at) => sum + (at % 4 === 3 ? 0 : value), 0);
    });
  const dark = await seen();
  await page.getByRole('button', { name: 'Switch to the light theme' }).click();
  await until('other colours', async () => Math.abs((await seen()) - dark) > 1000);
  await page.getByRole('button', { name: 'Switch to the dark theme' }).click();
  await until('the colours of before', async () => Math.abs((await seen()) - dark) < dark / 2);
});

test('lines_zones_and_the_heat_are_those_of_the_server', async () => {
  await page.reload();
  const lines = block('In and out by line');
  await lines.getByRole('rowheader', { name: /path/ }).waitFor({ timeout: 60_000 });
  await until('somebody who came in', async () => number((await rowsOf(lines))[0][1]) > 0, 120_000);
  await until('where people stood', () =>
    block('Where people stood')
      .locator('img.over')
      .evaluate((image) => image.complete && image.naturalWidth === 640)
      .catch(() => false),
  );
});

test('a_part_of_the_branch_is_chosen_and_stands_in_the_address', async () => {
  await page.getByLabel('Show').focus();
  await page.getByLabel('Show').selectOption({ label: 'Demo' });
  await until('the address', () => page.url().endsWith('#/shifts?camera=demo'));
  await page.locator('[data-fact="people"]').getByText(/seen/).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'SELECT', 'the keyboard stays');
  await page.getByLabel('Show').selectOption({ label: 'All of the branch' });
  await until('the address', () => page.url().endsWith('#/shifts'));
});

test('a_shift_is_put_beside_another_by_its_address', async () => {
  const { items } = await read('/shifts');
  await page.goto(`${base}/#/shifts?with=${items[0].id}`);
  const table = page.locator('table.compare').first();
  await until('both columns', async () => (await table.locator('thead th').count()) === 3);
  const rows = await rowsOf(table);
  assert.match(rows[0][2], /^\d+Change: (±0|[+−]\d+)/, JSON.stringify(rows[0]));
  await page.goto(`${base}/#/shifts`);
  await until('one again', async () => !(await page.getByLabel('Beside').inputValue()));
});

async function exportRows(format) {
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await page.getByLabel('Format').selectOption(format);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save the file' }).click(),
  ]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
}

test('visits_are_exported_and_counted', async () => {
  const csv = await exportRows('csv');
  assert.match(csv.name, /^atalaya-visits-\d{4}-\d\d-\d\d-\w+\.csv$/);
  const lines = csv.text.trimEnd().split('\r\n');
  assert.match(lines[0], /^id,shift_id,branch_id/);
  const told = page.locator('[data-save="saved"]').first();
  assert.equal(
    number((await told.locator('[data-fact="saved"]').textContent()).split(' ')[0]),
    lines.length - 1,
  );
  await told.getByRole('button', { name: 'Dismiss' }).click();

  const ndjson = await exportRows('ndjson');
  const visits = ndjson.text.trimEnd().split('\n').map(JSON.parse);
  assert.ok(visits.length >= lines.length - 1 && visits.every(({ camera }) => camera === 'demo'));
  await page.getByRole('button', { name: 'Dismiss' }).click();
});

test('a_time_is_exported_by_the_clock_of_the_branch', async () => {
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await page.getByLabel('Period').selectOption('time');
  await page.getByText('By the clock of').waitFor();
  await page.getByRole('dialog').getByLabel('To', { exact: true }).fill('2020-01-01T00:00');
  await page.getByText('It should be later than the beginning.').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Save the file' }).isDisabled());
  await page.getByRole('dialog').getByLabel('From', { exact: true }).fill('2019-12-31T00:00');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save the file' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), 'atalaya-visits-20191231T0000-20200101T0000.csv');
  await page.locator('[data-save="saved"]').getByText('0 rows').waitFor();
  await page.getByRole('button', { name: 'Dismiss' }).click();
});

/** An answer that begins and then goes on without an end, as a very long file does. */
const endless = (reply) => {
  const real = window.fetch;
  window.fetch = (input, init) => {
    if (!/\/export\.csv/.test(String(input))) return real(input, init);
    let timer;
    const body = new ReadableStream({
      start(out) {
        const end = (error) => {
          clearInterval(timer);
          out.error(error);
        };
        init.signal.addEventListener('abort', () => end(init.signal.reason));
        out.enqueue(new TextEncoder().encode('id\r\n'));
        let sent = 0;
        timer = setInterval(() => {
          out.enqueue(new TextEncoder().encode('1\r\n2\r\n'));
          sent += 1;
          if (reply === 'break' && sent === 10) end(new TypeError('network error'));
        }, 50);
      },
    });
    return Promise.resolve(new Response(body, { headers: { 'content-type': 'text/csv' } }));
  };
};

/** A page of its own whose exports are `endless`, and that writes files itself. */
async function withFiles(reply, work) {
  const other = await open();
  try {
    await other.addInitScript(() => {
      window.showSaveFilePicker = async ({ suggestedName }) =>
        (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true });
    });
    if (reply) await other.addInitScript(endless, reply);
    await other.goto(`${base}/#/shifts`);
    await other.getByRole('button', { name: 'Export', exact: true }).click();
    await other.getByRole('button', { name: 'Save the file' }).click();
    await work(other);
  } finally {
    await other.close();
  }
}

/** Sizes of the files in the page's own folder. */
const files = (of) =>
  of.evaluate(async () => {
    const found = {};
    for await (const [name, handle] of await navigator.storage.getDirectory()) {
      found[name] = (await handle.getFile()).size;
    }
    return found;
  });

test('a_long_export_says_how_far_it_is_and_can_be_stopped', () =>
  withFiles('go on', async (other) => {
    const told = other.locator('[data-save="running"]');
    await until(
      'some rows',
      async () => number((await told.locator('[data-fact="saved"]').textContent()).split(' ')[0]) > 10,
    );
    await told.getByRole('button', { name: /^Stop atalaya-visits/ }).click();
    await other.locator('[data-save="stopped"]').getByText('stopped, nothing saved').waitFor();
    await until('no file', async () => Object.keys(await files(other)).length === 0);
  }));

test('a_file_that_is_broken_off_is_no_file', () =>
  withFiles('break', async (other) => {
    await other.locator('[data-save="failed"]').getByText('the server broke off in the middle').waitFor();
    await until('no file', async () => Object.keys(await files(other)).length === 0);
  }));

test('where_the_browser_can_write_files_rows_go_straight_there', () =>
  withFiles(undefined, async (other) => {
    await other.locator('[data-save="saved"]').waitFor();
    const [[name, size]] = Object.entries(await files(other));
    assert.match(name, /^atalaya-visits-.*\.csv$/);
    assert.ok(size > 200, `${size} bytes`);
  }));

test('what_cannot_be_had_says_why_and_the_list_leads_on', async () => {
  await page.goto(`${base}/#/shifts/999999`);
  await page.getByRole('alert').getByText('no shift "999999"').waitFor();
  await page.getByRole('navigation', { name: 'All shifts' }).getByRole('link').first().click();
  await page.getByText(/running until/).waitFor();
});

test('a_branch_in_which_nothing_was_seen_says_so', async () => {
  await page.getByLabel('Branch', { exact: true }).selectOption({ label: 'Beach' });
  await page.getByRole('heading', { name: 'Nothing was seen in this shift' }).waitFor();
  await page.getByLabel('Branch', { exact: true }).selectOption({ index: 0 });
  await page.locator('[data-fact="stay"]').waitFor();
});

test('what_is_old_is_said_to_be', async () => {
  await page.route('**/comparison*', (route) =>
    route.fulfill({ status: 503, json: { detail: 'the database is away' } }),
  );
  const visits = await fact('visits');
  await page.getByRole('alert').getByText('the database is away').waitFor();
  assert.ok((await fact('visits')) >= visits, 'what was told before stays');
  await page.unroute('**/comparison*');
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
  await until('the alert to go', async () => (await page.getByRole('alert').count()) === 0);
});

test('everything_speaks_spanish', async () => {
  await page.getByRole('button', { name: 'Español' }).click();
  await block('Personas a la vez').waitFor();
  await page.getByText(/en curso hasta las/).waitFor();
  await page.getByRole('button', { name: 'English' }).click();
  await block('People at once').waitFor();
});

test('the_page_can_be_used_by_everybody', async () => {
  await until('both charts', async () => (await page.locator('canvas').count()) === 3);
  await assertAccessibleInBothThemes(page);
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await page.getByRole('dialog').waitFor();
  await assertAccessible(page);
  await page.keyboard.press('Escape');
  await until('the page again', async () => (await page.getByRole('dialog').count()) === 0);
});

test('the_page_never_complained', () => {
  assert.deepEqual(complaints, []);
});
