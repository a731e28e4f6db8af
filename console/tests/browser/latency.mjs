// How soon and how late the console's video is, read off a clock burned into the picture.
//
// usage: node tests/browser/latency.mjs LINK [SECONDS]; prints one JSON object.
// The clock: 32 blocks of 16×16 px along the upper edge, white for 1, lowest bit first: ms since 1970, modulo 2^32.

import { launch, until } from './chromium.mjs';

const [link, seconds = '20'] = process.argv.slice(2);
if (!link) throw new Error('usage: node tests/browser/latency.mjs LINK [SECONDS]');

/** The first frames arrive while the browser is still busy with the page; the figure is about watching. */
const WARM_UP_MS = 2000;

const browser = await launch();
try {
  const page = await browser.context.newPage();
  await page.addInitScript(noteFirstFrame);
  await page.goto(link);
  const video = page.locator('.tile video').first();
  await until('a frame', () => video.evaluate((element) => element.videoWidth > 0), 30_000);
  const firstFrameMs = await until('the time of the first frame', () => page.evaluate(firstFrame));
  await page.waitForTimeout(WARM_UP_MS);
  const delays = await video.evaluate(readClock, Number(seconds) * 1000);
  delays.sort((a, b) => a - b);
  const quantile = (share) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))];
  const [width, height] = await video.evaluate((element) => [element.videoWidth, element.videoHeight]);
  console.log(
    JSON.stringify({
      width,
      height,
      frames: delays.length,
      fps: Number((delays.length / Number(seconds)).toFixed(1)),
      first_frame_ms: Math.round(firstFrameMs),
      latency_ms: { p50: quantile(0.5), p95: quantile(0.95), max: delays.at(-1) },
    }),
  );
} finally {
  await browser.close();
}

/** Runs in the page before its own scripts. */
function noteFirstFrame() {
  const original = HTMLVideoElement.prototype.requestVideoFrameCallback;
  HTMLVideoElement.prototype.requestVideoFrameCallback = function (callback) {
    return original.call(this, (now, frame) => {
      window.firstFrameAt ??= now;
      callback(now, frame);
    });
  };
}

/** In the page: ms from the offer to the first frame on screen. */
function firstFrame() {
  const offer = performance.getEntriesByType('resource').find(({ name }) => name.includes('/whep'));
  return offer && window.firstFrameAt ? window.firstFrameAt - offer.startTime : undefined;
}

/** In the page: the age of every frame that is shown within `lastsMs`. */
function readClock(video, lastsMs) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [512, 16];
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const delays = [];
  const end = performance.now() + lastsMs;
  return new Promise((resolve) => {
    const look = () => {
      const shownAt = Date.now();
      pen.drawImage(video, 0, 0, 512, 16, 0, 0, 512, 16);
      const { data } = pen.getImageData(0, 0, 512, 16);
      let taken = 0;
      for (let bit = 0; bit < 32; bit += 1) {
        if (data[(8 * 512 + bit * 16 + 8) * 4 + 1] > 128) taken += 2 ** bit;
      }
      delays.push((shownAt % 2 ** 32) - taken);
      if (performance.now() > end) resolve(delays);
      else video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  });
}
