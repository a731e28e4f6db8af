// A film that Chromium plays in the place of a camera: people who walk by, near enough for their clothes to be seen.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const [WIDTH, HEIGHT, FPS, SECONDS] = [640, 480, 10, 8];

/** The part of the demo's street that people cross; enlarged they are as large as before a totem. */
const NEAR = 'videocrop left=368 top=136 right=16 bottom=152';

/** Where the demo's footage lies, as the server looks for it. */
function footage() {
  const { ATALAYA_ASSETS_DIR, XDG_DATA_HOME } = process.env;
  const data = XDG_DATA_HOME ?? join(homedir(), '.local/share');
  const places = [ATALAYA_ASSETS_DIR, join(data, 'atalaya'), '/usr/share/atalaya'].filter(Boolean);
  const found = places.map((place) => join(place, 'footage/vtest.avi')).find(existsSync);
  if (!found) throw new Error('there is no footage: run `make setup`');
  return found;
}

/** Makes the film; `flags` have Chromium play it to whoever asks for a camera, and `remove` deletes it. */
export function film() {
  const folder = mkdtempSync(join(tmpdir(), 'atalaya-film-'));
  const file = join(folder, 'people.y4m');
  const caps = `video/x-raw,format=I420,width=${WIDTH},height=${HEIGHT},framerate=${FPS}/1,pixel-aspect-ratio=1/1`;
  const line = `filesrc location="${footage()}" ! decodebin ! ${NEAR} ! videoscale ! videorate ! videoconvert ! ${caps}`;
  const { status, stderr } = spawnSync('gst-launch-1.0', [
    '-q',
    ...words(line),
    ...words('! y4menc ! filesink'),
    `location=${file}`,
  ]);
  if (status !== 0) throw new Error(`gst-launch-1.0: ${stderr}`);
  shorten(file);
  return {
    flags: ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${file}`],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const words = (line) => line.split(/\s+/);

/** Chromium begins anew at the end of the file, so a few seconds will do. */
function shorten(file) {
  const all = readFileSync(file);
  const frame = 'FRAME\n'.length + (WIDTH * HEIGHT * 3) / 2;
  const head = all.indexOf('\n') + 1;
  writeFileSync(file, all.subarray(0, head + FPS * SECONDS * frame));
}
