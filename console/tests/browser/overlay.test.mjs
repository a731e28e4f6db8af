// Boxes that the page draws itself are on the frame that they were seen in.
//
// How it is measured: the page's plain picture and the boxes that it is about to draw on it are kept apart. In the video
// that the server has drawn on, the same picture is looked up by everything but its boxes; then those pixels say which
// frame's boxes are drawn there. The difference to the frame that the page took is the misalignment.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { until } from './chromium.mjs';
import { base, begin, complaints, link, open } from './session.mjs';

let page;

before(async () => {
  await begin();
  page = await open();
  await page.goto(link);
  await page.goto(`${base}/#/cameras/demo`);
  await page.getByRole('button', { name: 'here', exact: true }).click();
});

const frameOf = () => page.locator('canvas.boxes').evaluate((canvas) => Number(canvas.dataset.frame));

test('boxes_are_drawn_here_once_it_is_sure_which_picture_is_which_frame', async () => {
  await page.locator('canvas.boxes[data-sure="true"]').waitFor({ state: 'attached' });
  const first = await until('a frame with its boxes', frameOf);
  await until('further ones', async () => (await frameOf()) > first + 5);
});

test('no_box_is_more_than_a_frame_away_from_its_own', async () => {
  const found = await page.evaluate(measure, 60_000);
  const shares = new Map();
  for (const away of found) shares.set(away, (shares.get(away) ?? 0) + 1);
  const said = [...shares].sort().map(([away, count]) => `${away}: ${count}`);
  console.log(`misalignment in frames, pictures: ${said.join(', ')}`);
  assert.ok(found.length >= 20, `only ${found.length} pictures could be judged`);
  assert.ok(
    found.every((away) => Math.abs(away) <= 1),
    'none is more than one frame away',
  );
  const exact = found.filter((away) => away === 0).length;
  assert.ok(exact >= found.length * 0.9, `${exact} of ${found.length} are on their very frame`);
});

test('the_way_is_kept_and_can_be_changed_back', async () => {
  await page.reload();
  await page.locator('canvas.boxes').waitFor();
  await page.getByRole('button', { name: 'by the server' }).click();
  await page.locator('.camera video[data-overlay="true"]').waitFor();
  assert.equal(await page.locator('canvas.boxes').count(), 0);
});

test('the_page_never_complained', () => {
  assert.deepEqual(complaints, []);
});

/** Runs in the page; how many frames away each picture's boxes are. */
async function measure(withinMs) {
  const [W, H] = [256, 192];
  const ENOUGH = 80;
  const records = new Map();
  const source = new EventSource('/api/v1/cameras/demo/detections');
  source.addEventListener('frame', ({ data }) => {
    const frame = JSON.parse(data);
    records.set(frame.frame, frame.detections);
  });

  const small = document.createElement('canvas');
  [small.width, small.height] = [W, H];
  const pen = small.getContext('2d', { willReadFrequently: true });
  const shrink = (picture) => {
    pen.drawImage(picture, 0, 0, W, H);
    return pen.getImageData(0, 0, W, H).data;
  };

  // What the page is about to draw is left out, so that its canvas shows the plain picture.
  const proto = CanvasRenderingContext2D.prototype;
  const real = { strokeRect: proto.strokeRect, fillRect: proto.fillRect, fillText: proto.fillText };
  /** The colour of each track, which is the server's, too: what it has of red, green and blue beyond grey. */
  const hues = new Map();
  for (const name of Object.keys(real)) {
    proto[name] = function (...args) {
      if (this.canvas.className !== 'boxes') real[name].apply(this, args);
      else if (name === 'fillText') hues.set(args[0], hueOf(this.strokeStyle));
    };
  }
  const hueOf = (colour) => {
    const parts = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
    const grey = (parts[0] + parts[1] + parts[2]) / 3;
    const size = Math.hypot(...parts.map((part) => part - grey));
    return parts.map((part) => (part - grey) / size);
  };
  const plain = [];
  const canvas = document.querySelector('canvas.boxes');
  const watcher = new MutationObserver(() => {
    if (canvas.dataset.frame) plain.push({ frame: Number(canvas.dataset.frame), data: shrink(canvas) });
  });
  watcher.observe(canvas, { attributes: true, attributeFilter: ['data-frame'] });

  const drawn = [];
  const connection = new RTCPeerConnection();
  connection.addTransceiver('video', { direction: 'recvonly' });
  const video = document.createElement('video');
  video.muted = true;
  connection.ontrack = ({ track }) => {
    video.srcObject = new MediaStream([track]);
    void video.play();
  };
  await connection.setLocalDescription(await connection.createOffer());
  const answer = await fetch('/api/v1/cameras/demo/whep?overlay=true', {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: connection.localDescription.sdp,
  });
  await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  const large = document.createElement('canvas');
  const onFrame = () => {
    [large.width, large.height] = [video.videoWidth, video.videoHeight];
    const full = large.getContext('2d', { willReadFrequently: true });
    full.drawImage(video, 0, 0);
    // The video goes on meanwhile: it is looked at once, or small and large were two frames' pictures.
    drawn.push({
      data: shrink(large),
      full: full.getImageData(0, 0, large.width, large.height),
    });
    if (drawn.length < 200) video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);

  const end = performance.now() + withinMs;
  while (performance.now() < end && (plain.length < ENOUGH || drawn.length < ENOUGH)) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  source.close();
  watcher.disconnect();
  Object.assign(proto, real);
  connection.close();
  void fetch(answer.headers.get('location'), { method: 'DELETE' });

  // Where somebody walks: all else is the same in every picture.
  const busy = [];
  for (let at = 0; at < W * H * 4; at += 4) {
    const values = plain.map(({ data }) => data[at + 1]);
    if (Math.max(...values) - Math.min(...values) > 30) busy.push(at);
  }
  /** How different two pictures are, without what has the strong colours of boxes. */
  const difference = (one, other) => {
    let [sum, count] = [0, 0];
    for (const at of busy) {
      const [r, g, b] = [other[at], other[at + 1], other[at + 2]];
      if (Math.max(r, g, b) - Math.min(r, g, b) > 70) continue;
      sum += Math.min(40, Math.abs(one[at + 1] - g));
      count += 1;
    }
    return sum / count;
  };
  /** How strongly the outlines of a frame's boxes have their tracks' colours in a picture. */
  const outlined = ({ data, width, height }, detections) => {
    let [sum, count] = [0, 0];
    const look = (x, y, hue) => {
      let most = 0;
      // Lines are two pixels wide, and rounded inwards or outwards.
      for (const px of [x - 1, x, x + 1].map(Math.round)) {
        const at = (Math.round(y) * width + px) * 4;
        const grey = (data[at] + data[at + 1] + data[at + 2]) / 3;
        const strength = hue.reduce((part, share, n) => part + share * (data[at + n] - grey), 0);
        if (px >= 0 && px < width) most = Math.max(most, strength);
      }
      sum += most;
      count += 1;
    };
    for (const { track, box } of detections) {
      const hue = hues.get(String(track));
      if (!hue) continue;
      const [x, y, w, h] = box;
      // Only the upright sides: people walk sideways, and labels lie upon the others.
      for (let part = 0.1; part < 0.95; part += 0.05) {
        if (y + part * h >= height) break;
        look(x, y + part * h, hue);
        look(x + w, y + part * h, hue);
      }
    }
    return count > 0 ? sum / count : 0;
  };
  /** Of each drawn picture the plain one that is most like it. */
  const likest = new Map();
  const pairs = plain.map((one) => {
    const ranked = drawn
      .map((picture) => ({ picture, cost: difference(one.data, picture.data) }))
      .sort((a, b) => a.cost - b.cost);
    for (const { picture, cost } of ranked) {
      const least = likest.get(picture)?.cost ?? Number.POSITIVE_INFINITY;
      if (cost < least) likest.set(picture, { one, cost });
    }
    return { one, first: ranked[0], second: ranked[1] };
  });
  // One picture encoded twice differs by the codec's noise, which is the same in all pairs; its neighbours by more.
  const costs = pairs.map(({ first }) => first.cost).sort((a, b) => a - b);
  const noise = costs[Math.floor(costs.length / 4)];
  const found = [];
  for (const { one, first, second } of pairs) {
    // A picture that only one of the two videos has shown has nothing to be compared with: a busy machine drops others in
    // each of them. What is most like it then is a neighbour, which is more like its own picture, or like several.
    if (first.cost > noise * 1.2 || first.cost > second.cost * 0.85) continue;
    if (likest.get(first.picture).one !== one || !records.has(one.frame)) continue;
    const { full } = first.picture;
    const [best, rival] = [-4, -3, -2, -1, 0, 1, 2, 3, 4]
      .filter((away) => records.has(one.frame + away))
      .map((away) => ({ away, score: outlined(full, records.get(one.frame + away)) }))
      .sort((a, b) => b.score - a.score);
    // Outlines are two pixels wide and people walk several in a frame: of another frame's boxes hardly anything lies on
    // those drawn here. Where a second frame's fit nearly as well (nobody walks, or two frames are the same), the picture
    // cannot tell which frame it is, neither for the page nor against it. No frame is preferred in this, the page's own
    // neither, so a page that is wrong is found out as before.
    if (!rival || best.score < 30 || rival.score > best.score * 0.8) continue;
    found.push(best.away);
  }
  return found;
}
