// What every file of tests begins with: the browser, what its pages complain of, and a way to ask the server.
//
// `tests/console.rs` starts a server for each file and hands over its login link.

import { after } from 'node:test';
import { launch } from './chromium.mjs';

export const link = process.env.ATALAYA_LINK;
if (!link) throw new Error('ATALAYA_LINK should hold a login link; run `cargo test --test console`');
export const base = new URL(link).origin;

/** Everything that pages complained of, but for what is `expected`. */
export const complaints = [];
let harmless;

/** The file's own, once it has begun. */
export let browser;
after(() => browser?.close());

/** Starts the file's browser. */
export async function begin({ expected = /Failed to load resource/, ...options } = {}) {
  harmless = expected;
  browser = await launch(options);
}

/** A page whose complaints are kept. */
export async function open(context = browser.context) {
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(`${error}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !harmless.test(message.text())) complaints.push(message.text());
  });
  return page;
}

/** Has `work` done on a page of another browser, signed in by the cookie of the first unless `signedIn` is false. */
export async function apart({ signedIn = true, script, ...options }, work) {
  const other = await launch(options);
  try {
    if (signedIn) await other.context.addCookies(await browser.context.cookies());
    if (script) await other.context.addInitScript(script);
    await work(await open(other.context), other.context);
  } finally {
    await other.close();
  }
}

/** Asks the server as the one who is signed in. */
export const api = (path, options = {}) =>
  browser.context.request.fetch(`${base}/api/v1${path}`, { headers: { origin: base }, ...options });
