// The totem in a real browser: a film of people in the place of a camera, and the real server.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, assertAccessibleInBothThemes } from './axe.mjs';
import { Relay } from './camera.mjs';
import { until } from './chromium.mjs';
import { film } from './film.mjs';
import { moves } from './pictures.mjs';
import { api, base, begin, complaints, link, open, apart as otherwise } from './session.mjs';

let movie;
let page;

/** Answers "allow" for the visitor. */
const ALLOW = '--use-fake-ui-for-media-stream';
const DENY = '--deny-permission-prompts';

before(async () => {
  movie = film();
  await begin({ flags: [...movie.flags, ALLOW], expected: /Failed to load resource|WebSocket connection/ });
  page = await open();
  await page.goto(link);
  await page.goto(`${base}/totem?totem=hall`);
});

after(() => movie?.remove());

/** A page of another browser that has the film for a camera, and allows it, unless told otherwise. */
const apart = (options, work) => otherwise({ flags: [...movie.flags, ALLOW], ...options }, work);

const start = (on = page) => on.getByRole('button', { name: 'Start' }).click();
const stop = (on = page) => on.getByRole('button', { name: 'Stop' }).click();
const canvas = (on = page) => on.getByRole('img', { name: /^Live picture/ });
const fact = (name, on = page) => on.locator(`[data-fact="${name}"]`);
const answered = (on = page) => canvas(on).waitFor({ state: 'visible' });
const trouble = (kind, on) => on.locator(`[data-trouble="${kind}"]`).waitFor();

test('before_the_start_it_says_what_is_analysed_and_what_is_not_kept', async () => {
  await page.getByText('looks at the picture for people').waitFor();
  await page.getByText('No picture and no sound is kept').waitFor();
  await assertAccessibleInBothThemes(page);
});

test('people_before_it_are_boxed_and_counted', async () => {
  await start();
  await answered();
  await until('a moving picture', () => moves(canvas()));
  await until('people', async () =>
    /^[1-9]\d* (person|people) in sight/.test(await fact('people').textContent()),
  );
  await until(
    'boxes',
    async () => (await vivid(canvas())) > (await vivid(page.locator('.preview video'))) + 300,
  );
});

/** Pixels of a strong colour, the mean of a second: a box has them, a grey street has not. */
async function vivid(locator) {
  const counts = [];
  for (let look = 0; look < 5; look += 1) {
    counts.push(
      await locator.evaluate(async (element) => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        const copy = document.createElement('canvas');
        [copy.width, copy.height] = [640, 480];
        const pen = copy.getContext('2d');
        pen.drawImage(element, 0, 0, 640, 480);
        const { data } = pen.getImageData(0, 0, 640, 480);
        let vivid = 0;
        for (let at = 0; at < data.length; at += 4) {
          const [red, green, blue] = [data[at], data[at + 1], data[at + 2]];
          if (Math.max(red, green, blue) - Math.min(red, green, blue) > 110) vivid += 1;
        }
        return vivid;
      }),
    );
  }
  return counts.reduce((sum, count) => sum + count, 0) / counts.length;
}

test('what_they_wear_is_told_in_both_languages', async () => {
  await until('a colour', async () => (await fact('colours').locator('.swatch').count()) > 0, 150_000);
  const colour = await fact('colours').locator('.colour').first().textContent();
  assert.match(colour, /^(black|white|grey|red|orange|yellow|green|blue|purple|pink|brown|beige)$/);
  await page.getByRole('button', { name: 'Español' }).click();
  await until('Spanish', async () => /a la vista/.test(await fact('people').textContent()));
  await page.getByRole('button', { name: 'English' }).click();
});

test('the_microphone_is_heard_and_can_be_switched_off', async () => {
  const loudness = page.getByRole('meter', { name: 'Voice' });
  await until('a sound', async () => Number(await loudness.getAttribute('aria-valuenow')) > 10);
  await until('what was heard', async () =>
    /no voice|somebody speaks/.test(await fact('voice').textContent()),
  );
  await page.getByRole('button', { name: 'Switch the microphone off' }).click();
  await page.getByText('microphone off').waitFor();
  assert.equal(await loudness.getAttribute('aria-valuenow'), '0');
  await page.getByRole('button', { name: 'Switch the microphone on' }).click();
  await until('a sound again', async () => Number(await loudness.getAttribute('aria-valuenow')) > 10);
});

test('the_page_at_work_can_be_used_by_everybody', async () => {
  await assertAccessible(page);
  await page.evaluate(() => {
    document.documentElement.dataset.theme = 'light';
  });
  await assertAccessible(page);
});

test('a_page_that_is_loaded_anew_goes_on_by_itself', async () => {
  await page.reload();
  await answered();
});

test('a_second_totem_does_not_disturb_the_first', () =>
  apart({}, async (second) => {
    await second.goto(`${base}/totem?totem=bar&start`);
    await answered(second);
    await until('its own picture', () => moves(canvas(second)));
    await until('the first one at work', () => moves(canvas()));
  }));

test('stop_lets_go_of_camera_and_microphone', async () => {
  const tracks = () =>
    page.evaluate(() => {
      const video = document.querySelector('.preview video');
      globalThis.kept ??= video?.srcObject;
      return globalThis.kept.getTracks().map(({ readyState }) => readyState);
    });
  assert.deepEqual(await tracks(), ['live', 'live']);
  await stop();
  await page.getByRole('button', { name: 'Start' }).waitFor();
  assert.deepEqual(await tracks(), ['ended', 'ended']);
  await page.reload();
  await page.getByRole('button', { name: 'Start' }).waitFor();
});

test('a_lost_network_is_told_and_come_back_from', async () => {
  const relay = new Relay(base);
  await relay.up();
  try {
    const far = await open();
    await far.goto(`http://127.0.0.1:${relay.port}/totem?totem=far&start`);
    await answered(far);
    await relay.down();
    await far.getByText(/No connection since \d\d:\d\d:\d\d/).waitFor();
    assert.equal(await canvas(far).count(), 0, 'an old picture should not look like a live one');
    await assertAccessible(far);
    await relay.up();
    await answered(far);
    await until('a moving picture', () => moves(canvas(far)));
    await far.close();
  } finally {
    await relay.down();
  }
});

test('a_device_comes_in_by_a_token_that_does_not_stay_in_the_address', async () => {
  const data = { subject: 'totem in the hall', roles: ['viewer'], ttl: '1h' };
  const issued = await api('/tokens', { method: 'POST', data });
  const { token } = await issued.json();
  assert.ok(token, `${issued.status()}`);
  await apart({ signedIn: false }, async (device) => {
    const addresses = [];
    device.on('websocket', (socket) => addresses.push(socket.url()));
    await device.goto(`${base}/totem?totem=device#token=${token}`);
    await start(device);
    await answered(device);
    assert.equal(device.url(), `${base}/totem?totem=device`);
    assert.deepEqual([...new Set(addresses)], [`${base.replace('http', 'ws')}/ws?totem=device`]);
    await device.reload();
    await answered(device);
  });
});

test('a_device_without_a_token_is_told_how_to_come_in', () =>
  apart({ signedIn: false }, async (stranger) => {
    await stranger.goto(`${base}/totem`);
    await start(stranger);
    await stranger.getByText('This device is not signed in').waitFor();
    assert.equal(await canvas(stranger).count(), 0);
    await stranger.getByRole('button', { name: 'Try again' }).waitFor();
    await assertAccessible(stranger);
  }));

test('a_camera_that_is_not_allowed_is_waited_for', () =>
  apart({ flags: [...movie.flags, DENY] }, async (shy, context) => {
    await shy.goto(`${base}/totem`);
    await start(shy);
    await trouble('denied', shy);
    await assertAccessible(shy);
    await context.grantPermissions(['camera', 'microphone'], { origin: base });
    await answered(shy);
  }));

test('a_picture_needs_no_microphone', () =>
  apart({ flags: [...movie.flags, DENY] }, async (deaf, context) => {
    await context.grantPermissions(['camera'], { origin: base });
    await deaf.goto(`${base}/totem`);
    await start(deaf);
    await answered(deaf);
    await deaf.getByText('microphone not allowed').waitFor();
  }));

/** No camera until the test plugs one in. */
const unplugged = () => {
  const { mediaDevices } = navigator;
  const real = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = (wanted) =>
    globalThis.plugged
      ? real(wanted)
      : Promise.reject(new DOMException('', globalThis.reason ?? 'NotFoundError'));
};

test('a_camera_that_is_missing_or_in_use_starts_by_itself_once_it_is_there', () =>
  apart({ script: unplugged }, async (blind) => {
    await blind.goto(`${base}/totem`);
    await start(blind);
    await trouble('missing', blind);
    await blind.evaluate(() => {
      globalThis.reason = 'NotReadableError';
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
    });
    await trouble('busy', blind);
    await blind.evaluate(() => {
      globalThis.plugged = true;
    });
    await answered(blind);
  }));

test('an_address_without_encryption_says_why_there_is_no_camera', () =>
  apart({ flags: [...movie.flags, ALLOW, '--host-resolver-rules=MAP totem.lan 127.0.0.1'] }, async (lan) => {
    const address = base.replace('127.0.0.1', 'totem.lan');
    await lan.goto(`${address}/totem`);
    await start(lan);
    await trouble('insecure', lan);
    await lan.getByText(`--unsafely-treat-insecure-origin-as-secure=${address}`).waitFor();
    await assertAccessible(lan);
  }));

test('on_a_phone_everything_fits_and_the_camera_can_be_turned', () => {
  // A film is one camera, so these two show what Chromium draws for a camera.
  const two = '--use-fake-device-for-media-stream=device-count=2';
  const viewport = { width: 360, height: 740 };
  return apart({ flags: [two, ALLOW], viewport, hasTouch: true, isMobile: true }, async (phone) => {
    await phone.goto(`${base}/totem`);
    await start(phone);
    await answered(phone);
    const camera = () =>
      phone.evaluate(() => document.querySelector('.preview video')?.srcObject?.getVideoTracks()[0].label);
    const first = await camera();
    await phone.getByRole('button', { name: 'Switch to the other camera' }).click();
    await until('the other camera', async () => {
      const now = await camera();
      return now && now !== first;
    });
    await answered(phone);
    const wider = await phone.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.equal(wider, 0);
    await assertAccessible(phone);
  });
});

test('a_server_with_no_room_is_tried_again', () =>
  apart({}, async (late) => {
    let isFull = true;
    await late.routeWebSocket(/\/ws/, (near) => {
      const far = near.connectToServer();
      near.onMessage((text) => {
        const { type, request_id } = JSON.parse(text);
        const isRefused = isFull && type === 'image_stream';
        if (isRefused) near.send(JSON.stringify({ type: 'error', code: 'busy', message: '', request_id }));
        else far.send(text);
      });
    });
    await late.goto(`${base}/totem?start`);
    await late.getByText('As many totems are at work as the server can take').waitFor();
    isFull = false;
    await answered(late);
  }));

/** A camera that is published to, for as long as `work` is done. */
async function published(id, work) {
  const made = await api('/cameras', { method: 'POST', data: { id, name: id, pipeline: 'whip' } });
  assert.equal(made.status(), 201, await made.text());
  try {
    await work();
  } finally {
    await api(`/cameras/${id}`, { method: 'DELETE' });
  }
}

/** The addresses of all WebSockets that a page opens from now on. */
function socketsOf(on) {
  const addresses = [];
  on.on('websocket', (socket) => addresses.push(new URL(socket.url()).pathname));
  return addresses;
}

test('a_totem_that_is_a_camera_sends_its_video_by_webrtc', () =>
  published('porch', () =>
    apart({}, async (porch) => {
      const sockets = socketsOf(porch);
      await porch.goto(`${base}/totem?totem=porch&start`);
      const boxes = porch.locator('canvas.outlined');
      await boxes.waitFor();
      await until('people', async () =>
        /^[1-9]\d* (person|people) in sight/.test(await fact('people', porch).textContent()),
      );
      await until('boxes', async () => (await vivid(boxes)) > 300);
      await until(
        'a colour',
        async () => (await fact('colours', porch).locator('.swatch').count()) > 0,
        150_000,
      );
      await until('what was heard', async () =>
        /no voice|somebody speaks/.test(await fact('voice', porch).textContent()),
      );
      const { status } = await (await api('/cameras/porch')).json();
      assert.equal(status.state, 'running');
      assert.deepEqual(sockets, []);
      await assertAccessible(porch);
      await api('/cameras/porch', { method: 'DELETE' });
      // Without the camera it becomes a totem like others, by itself.
      await until('the socket', () => sockets.length > 0);
      assert.equal(await boxes.count(), 0, 'old boxes should not look like new ones');
      await answered(porch);
      assert.deepEqual(sockets, ['/ws']);
    }),
  ));

test('where_webrtc_does_not_pass_pictures_go_one_by_one', () =>
  published('porch', () =>
    apart({ script: () => delete globalThis.RTCPeerConnection }, async (porch) => {
      const sockets = socketsOf(porch);
      await porch.goto(`${base}/totem?totem=porch&start`);
      await answered(porch);
      assert.equal(await porch.locator('canvas.outlined').count(), 0);
      assert.deepEqual(sockets, ['/ws']);
    }),
  ));

test('the_page_never_complained', () => {
  assert.deepEqual(complaints, []);
});
