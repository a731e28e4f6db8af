// Debian's Chromium without a window, ready to play a server on this very machine.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const EXECUTABLE = '/usr/bin/chromium';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  // Browsers leave 127.0.0.1 out of WebRTC unless told; people watch from other machines.
  '--allow-loopback-in-peer-connection',
];

/** A browser with a profile of its own, and `flags` besides the usual ones; `close` removes it. */
export async function launch({ flags = [], ...options } = {}) {
  if (!existsSync(EXECUTABLE)) throw new Error(`there is no ${EXECUTABLE}: apt-get install chromium`);
  const profile = mkdtempSync(join(tmpdir(), 'atalaya-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: EXECUTABLE,
    headless: true,
    args: [...FLAGS, ...flags],
    locale: 'en-GB',
    viewport: { width: 1280, height: 800 },
    colorScheme: 'dark',
    ...options,
  });
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, close };
}

/** Asks `look` again and again until its answer is truthy. */
export async function until(what, look, withinMs = 30_000) {
  const deadline = Date.now() + withinMs;
  let last;
  for (;;) {
    last = await look();
    if (last) return last;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what} (last: ${last})`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
