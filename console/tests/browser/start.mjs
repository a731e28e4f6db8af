// How long a person waits for boxed people: from the start of the server's command to a picture with boxes in it.
//
// `benches/start.rs` gives the command; the browser is open already, as a person's is.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { launch, until } from './chromium.mjs';
import { vividPixels } from './pictures.mjs';

/** More pixels of a strong colour than the demo's street has without boxes. */
const BOXED = 1500;

const [command, ...args] = process.argv.slice(2);
const browser = await launch();
const page = await browser.context.newPage();
const began = performance.now();
const since = () => Math.round(performance.now() - began);
const server = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  let link;
  for await (const line of createInterface({ input: server.stdout })) {
    link = line.match(/http:\/\/\S+\/login\?token=\S+/)?.[0];
    if (link) break;
  }
  if (!link) throw new Error('the server printed no link');
  const linkMs = since();
  await page.goto(link);
  const video = page.locator('.tile video').first();
  await until('a picture', () => video.evaluate((element) => element.videoWidth > 0));
  const pictureMs = since();
  await until('boxes', async () => (await vividPixels(video)) > BOXED);
  console.log(JSON.stringify({ linkMs, pictureMs, boxedMs: since() }));
} finally {
  server.kill('SIGTERM');
  await once(server, 'exit');
  await browser.close();
}
