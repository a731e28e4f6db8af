// The console in a real browser, against a real server with a camera that shows people walking by.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Relay } from './camera.mjs';
import { until } from './chromium.mjs';
import { moves, vividPixels } from './pictures.mjs';
import { apart, api, base, begin, browser, complaints, link, open } from './session.mjs';

let page;

before(async () => {
  await begin();
  page = await open();
});

const figure = async (fact) => {
  const text = await page.locator(`[data-fact="${fact}"] .figure`).first().textContent();
  return Number(text?.replace(/\D/g, ''));
};
const cameras = async () => (await (await api('/cameras')).json()).items;
const tile = (id) => page.locator(`.tile[data-camera="${id}"]`);

test('without_a_link_the_page_says_how_to_get_one', () =>
  apart({ signedIn: false }, async (stranger) => {
    await stranger.goto(base);
    await stranger.getByRole('heading', { name: 'You are not signed in' }).waitFor();
    await stranger.getByText('atalaya token link').waitFor();
    assert.equal(await stranger.locator('.tile').count(), 0);
  }));

test('the_link_opens_live_video', async () => {
  await page.goto(link);
  assert.equal(page.url(), `${base}/`, 'the token should not stay in the address');
  const video = page.locator('.tile video').first();
  await until('a frame', () => video.evaluate((element) => element.videoWidth > 0));
  const from = await video.evaluate((element) => element.currentTime);
  await until('a second of video', () =>
    video.evaluate((element, start) => element.currentTime > start + 1, from),
  );
  await until('a moving picture', () => moves(video));
  await page.locator('.tile [data-via="webrtc"]').first().waitFor();
  await page.locator('.tile [data-state="running"]').first().waitFor();
  assert.match(await page.locator('.tile .state').first().textContent(), /^running\d+(\.\d)? fps$/);
});

test('a_link_opens_once', () =>
  apart({ signedIn: false }, async (thief) => {
    const answer = await thief.goto(link);
    assert.equal(answer.status(), 401);
    await thief.getByText('atalaya token link').waitFor();
    await thief.goto(base);
    await thief.getByRole('heading', { name: 'You are not signed in' }).waitFor();
  }));

test('people_are_boxed_and_boxes_can_be_taken_off', async () => {
  await until('people', async () => (await figure('people')) >= 2);
  const boxes = page.getByRole('button', { name: /^Boxes on/ }).first();
  assert.equal(await boxes.getAttribute('aria-pressed'), 'true');
  const drawn = await vividPixels(page.locator('.tile video[data-overlay="true"]').first());
  await page.evaluate(() => {
    window.blinks = 0;
    const watcher = new MutationObserver((all) => {
      window.blinks += all.length;
    });
    watcher.observe(document.querySelector('.tile footer'), { childList: true });
  });
  await boxes.click();
  const plain = page.locator('.tile video[data-overlay="false"]').first();
  await until('the plain picture alone', async () => (await page.locator('.tile video').count()) === 1);
  await until('a frame without boxes', () => plain.evaluate((element) => element.videoWidth > 0));
  const bare = await vividPixels(plain);
  assert.equal(await boxes.getAttribute('aria-pressed'), 'false');
  assert.ok(drawn > bare * 1.5 && drawn > bare + 500, `${drawn} vivid pixels with boxes, ${bare} without`);
  await boxes.click();
  await until('boxes again', async () => (await page.locator('.tile video').count()) === 1);
  await page.locator('.tile video[data-overlay="true"]').first().waitFor();
  assert.equal(
    await page.evaluate(() => window.blinks),
    0,
    'by which way the video comes is told all the while',
  );
});

test('visits_of_the_shift_go_up_by_themselves', async () => {
  const before = await figure('visits');
  await until('another visit', async () => (await figure('visits')) > before, 120_000);
  assert.match(
    await page.locator('[data-fact="visits"]').textContent(),
    /this shift \(\w+, since \d\d:\d\d\)/,
  );
});

test('every_branch_counts_its_own_visits', async () => {
  const [demo] = await cameras();
  const data = { id: 'beach', name: 'Beach', branch_id: 2, pipeline: demo.pipeline, parameters: {} };
  data.parameters.location = demo.parameters.location;
  const visitsOf = async (id) => {
    const text = await tile(id).locator('.figures').textContent();
    return Number(/(\d+) visits?/.exec(text)?.[1] ?? Number.NaN);
  };
  try {
    const created = await api('/cameras', { method: 'POST', data });
    assert.equal(created.status(), 201, await created.text());
    await until('visits of the other branch', async () => (await visitsOf('beach')) > 0, 120_000);
    await page.locator('[data-fact="visits"]').getByText('2 branches').waitFor();
    const sum = async () => (await visitsOf('demo')) + (await visitsOf('beach'));
    await until('a head line of both', async () => (await figure('visits')) === (await sum()));
  } finally {
    await api('/cameras/beach', { method: 'DELETE' });
  }
  await until('one branch', async () => !/branch/.test(await page.locator('.facts').textContent()));
});

test('servers_that_help_through_firewalls_are_asked_in_time', () => {
  // A browser that is connected stops looking for more ways: the offer waits until it has found the one by STUN.
  const script = () => {
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...options) {
        super(...options);
        this.addEventListener('icecandidate', ({ candidate }) => {
          window.foundByStun ||= candidate?.type === 'srflx';
        });
      }
    };
  };
  return apart({ script }, async (other) => {
    const told = [];
    other.on('request', (request) => request.method() === 'PATCH' && told.push(request.postData()));
    await other.route('**/whep?*', async (route) => {
      const isOffer = route.request().method() === 'POST';
      if (isOffer) await until('a candidate by STUN', () => other.evaluate(() => window.foundByStun));
      await route.continue();
    });
    await other.goto(base);
    // The address that only the STUN server of `tests/console.rs` could have told.
    await until('it is told', () => told.some((body) => / 192\.0\.2\.7 .* typ srflx/.test(body)));
  });
});

test('language_and_theme_are_chosen_and_kept', async () => {
  const root = page.locator('html');
  assert.equal(await root.getAttribute('data-theme'), 'dark');
  await page.getByRole('button', { name: 'Español' }).click();
  await page.getByRole('link', { name: 'En vivo' }).waitFor();
  await page.getByRole('button', { name: 'Cambiar al tema claro' }).click();
  await page.reload();
  await page.getByText('en este turno').waitFor();
  assert.equal(await root.getAttribute('lang'), 'es');
  assert.equal(await root.getAttribute('data-theme'), 'light');
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('button', { name: 'Switch to the dark theme' }).click();
  await page.getByText('this shift').waitFor();
});

test('a_camera_opens_large_and_a_snapshot_can_be_kept', async () => {
  await page
    .getByRole('link', { name: /^Open / })
    .first()
    .click();
  const video = page.locator('.camera video').first();
  await until('the large picture', () => video.evaluate((element) => element.videoWidth > 0));
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: /^Save a snapshot/ }).click();
  assert.match((await download).suggestedFilename(), /^[a-z0-9-]+-\d{8}-\d{6}\.jpg$/);
  const chunks = [];
  for await (const chunk of await (await download).createReadStream()) chunks.push(chunk);
  assert.deepEqual([...Buffer.concat(chunks).subarray(0, 3)], [0xff, 0xd8, 0xff], 'a JPEG file');
  await page.keyboard.press('Escape');
  await page.locator('.tile').first().waitFor();
});

test('everything_can_be_reached_by_keyboard_and_has_a_name', async () => {
  const controls = await page.locator('button, a[href]').count();
  const names = new Set();
  await page.locator('body').press('Tab');
  for (let step = 0; step < controls; step += 1) {
    const name = await page.evaluate(() => {
      const element = document.activeElement;
      return element?.getAttribute('aria-label') ?? element?.textContent?.trim();
    });
    assert.ok(name, `control ${step} should have a name`);
    names.add(name);
    await page.keyboard.press('Tab');
  }
  assert.equal(names.size, controls, [...names].join(' | '));
});

test('pictures_come_by_mjpeg_where_webrtc_is_missing', () =>
  apart({ script: () => delete window.RTCPeerConnection }, async (old) => {
    await old.goto(base);
    await old.locator('.tile [data-via="mjpeg"]').first().waitFor();
    await until('a moving picture', () => moves(old.locator('.tile canvas').first()));
  }));

test('a_browser_that_has_nothing_of_an_answer_in_parts_is_shown_stills', () =>
  apart({ script: () => delete window.RTCPeerConnection }, async (old) => {
    await old.route('**/mjpeg*', (route) => route.abort());
    await old.goto(base);
    await until('a moving picture', () => moves(old.locator('.tile canvas').first()));
  }));

test('a_camera_that_is_lost_says_so_and_its_video_goes_on_when_it_is_back', async () => {
  const [demo] = await cameras();
  const relay = new Relay(demo.parameters.location);
  await relay.up();
  const offers = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && /\/cameras\/second\/whep/.test(request.url())) offers.push(request);
  });
  try {
    const location = relay.through(demo.parameters.location);
    const data = { id: 'second', name: 'Second door', pipeline: demo.pipeline, parameters: { location } };
    const created = await api('/cameras', { method: 'POST', data });
    assert.equal(created.status(), 201, await created.text());
    const video = tile('second').locator('video');
    await tile('second').locator('[data-state="running"]').waitFor();
    await until('its picture', () => video.evaluate((element) => element.videoWidth > 0));

    await relay.down();
    await tile('second').locator('[data-state="lost"]').waitFor();
    await tile('second')
      .getByText(/Lost since \d\d:\d\d:\d\d · (next try in \d+ s|trying now)/)
      .waitFor();
    const from = await video.evaluate((element) => element.currentTime);
    await until('the "no signal" picture', () =>
      video.evaluate((element, start) => element.currentTime > start + 1, from),
    );

    await relay.up();
    await tile('second').locator('[data-state="running"]').waitFor();
    await until('the live picture', () => moves(video));
    assert.equal(offers.length, 1, 'the viewer should have stayed connected');
  } finally {
    await api('/cameras/second', { method: 'DELETE' });
    await relay.down();
  }
  await until('one tile', async () => (await page.locator('.tile').count()) === 1);
});

test('a_server_that_is_away_greys_the_page_until_it_is_back', async () => {
  await browser.context.setOffline(true);
  await page.getByText(/The server has not answered since \d\d:\d\d:\d\d/).waitFor();
  assert.ok(await page.locator('main.old .wall').count());
  await browser.context.setOffline(false);
  await until('the banner to go', async () => (await page.locator('.banner').count()) === 0);
});

test('whoever_leaves_the_page_leaves_the_camera', async () => {
  const viewers = async () => (await cameras())[0].status.viewers;
  await until('one viewer', async () => (await viewers()) === 1);
  await page.goto('about:blank');
  await until('no viewer', async () => (await viewers()) === 0, 5000);
});

test('signing_out_closes_the_page', async () => {
  await page.goto(base);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'You are not signed in' }).waitFor();
  assert.equal((await api('/cameras')).status(), 401);
});

test('the_page_never_complained', () => {
  assert.deepEqual(complaints, []);
});
