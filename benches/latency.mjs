// Opens the page in a headless Chromium, a few times for the first picture, then for a while for the latency, and
// prints what it saw as JSON.
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "console", "package.json"));
const { chromium } = require("playwright-core");

const [, , url, seconds, joins] = process.argv;
const profile = mkdtempSync(join(tmpdir(), "latency-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    "--disable-background-networking",
  ],
});
try {
  const first = [];
  let watched;
  for (let join = 0; join < Number(joins); join++) {
    const page = await browser.newPage();
    await page.goto(url);
    await page.evaluate(() => watch());
    await page.waitForFunction(() => seen.firstMs !== null, null, { timeout: 15_000 });
    if (join === Number(joins) - 1) {
      await page.waitForTimeout(2000);
      await page.evaluate(() => { seen.latencies = []; });
      await page.waitForTimeout(Number(seconds) * 1000);
    }
    watched = await page.evaluate(() => seen);
    first.push(Math.round(watched.firstMs));
    await page.close();
  }
  console.log(JSON.stringify({ first, state: watched.state, latencies: watched.latencies }));
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
