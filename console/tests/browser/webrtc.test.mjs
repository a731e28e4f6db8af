// Clients of WHEP and WHIP that nobody here wrote (npm: whip-whep, by an author of RFC 9725) against the real server.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { until } from './chromium.mjs';
import { film } from './film.mjs';
import { moves } from './pictures.mjs';
import { api, base, begin, link, open } from './session.mjs';

const here = dirname(fileURLToPath(import.meta.url));

let movie;
let page;

before(async () => {
  movie = film();
  await begin({ flags: [...movie.flags, '--use-fake-ui-for-media-stream'] });
  page = await open();
  await page.goto(link);
  // Nothing of the console is to be in the way: the clients run on a page that is none.
  await page.goto(`${base}/robots.txt`);
  await page.evaluate(await clients());
});

after(() => movie?.remove());

/** Both clients as a script that a page can be given. */
async function clients() {
  const { outputFiles } = await build({
    stdin: {
      contents:
        "import { WHEPClient } from 'whip-whep/whep.js'; import { WHIPClient } from 'whip-whep/whip.js';" +
        'Object.assign(globalThis, { WHEPClient, WHIPClient });',
      resolveDir: join(here, '../..'),
    },
    bundle: true,
    format: 'iife',
    write: false,
  });
  return outputFiles[0].text;
}

const stateOf = async (camera) => (await (await api(`/cameras/${camera}/status`)).json()).state;

/** Plays a camera by WHEP in a video element of its own; gives that. */
async function play(camera) {
  const id = `video-${camera}`;
  await page.evaluate(
    async ([url, id]) => {
      const video = Object.assign(document.createElement('video'), { id, muted: true, autoplay: true });
      document.body.append(video);
      const connection = new RTCPeerConnection();
      connection.addTransceiver('video', { direction: 'recvonly' });
      connection.ontrack = ({ track }) => {
        video.srcObject = new MediaStream([track]);
      };
      const client = new globalThis.WHEPClient();
      globalThis[`client-${id}`] = client;
      await client.view(connection, url);
    },
    [`${base}/api/v1/cameras/${camera}/whep?overlay=false`, id],
  );
  return page.locator(`#${id}`);
}

test('a_foreign_whep_client_plays_a_camera', async () => {
  const [{ id }] = (await (await api('/cameras')).json()).items;
  const video = await play(id);
  await until('a frame', () => video.evaluate((element) => element.videoWidth > 0));
  await until('a moving picture', () => moves(video));
  await page.evaluate((name) => globalThis[name].stop(), `client-video-${id}`);
  await until('the place to be free', async () => {
    const status = await (await api(`/cameras/${id}/status`)).json();
    return status.viewers === 0;
  });
});

test('a_foreign_whip_client_is_a_camera', async () => {
  const made = await api('/cameras', {
    method: 'POST',
    data: { id: 'hall', name: 'Hall', pipeline: 'whip' },
  });
  assert.equal(made.status(), 201, await made.text());
  assert.equal(await stateOf('hall'), 'connecting');
  await page.evaluate(async (url) => {
    const media = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
    const connection = new RTCPeerConnection();
    for (const track of media.getVideoTracks()) {
      connection.addTransceiver(track, { direction: 'sendonly', streams: [media] });
    }
    globalThis.whip = new globalThis.WHIPClient();
    await globalThis.whip.publish(connection, url);
  }, `${base}/api/v1/cameras/hall/whip`);
  await until('the camera to run', async () => (await stateOf('hall')) === 'running');
  const video = await play('hall');
  await until('its picture', () => video.evaluate((element) => element.videoWidth > 0));
  await until('a moving picture', () => moves(video));
  await until('people on it', async () => {
    const status = await (await api('/cameras/hall/status')).json();
    return status.people_now > 0;
  });
  await page.evaluate(() => globalThis.whip.stop());
  await until('the camera to be lost', async () => (await stateOf('hall')) === 'lost');
  assert.equal((await api('/cameras/hall', { method: 'DELETE' })).status(), 204);
});
