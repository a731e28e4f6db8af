// Bundles the console into `dist`: hashed names, one page. It runs on Node 18 and needs no network.

import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, context } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');

/** What a first visit may cost, gzipped; the console is opened on phones over venue Wi-Fi. */
const BUDGET_BYTES = 200 * 1024;

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  metafile: true,
  write: false,
  outdir: 'dist',
  entryNames: 'assets/[name]-[hash]',
  chunkNames: 'assets/[name]-[hash]',
  assetNames: 'assets/[name]-[hash]',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
  target: ['chrome109', 'firefox115', 'safari16.4'],
};
const app = {
  ...common,
  entryPoints: ['src/main.tsx', 'src/icon.svg'],
  format: 'esm',
  splitting: true,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'copy' },
};
// It runs before the first paint, so it is a plain script of its own and not part of the deferred module.
const boot = { ...common, entryPoints: ['src/boot.ts'], format: 'iife' };

/** Writes beside `dist` and swaps, so that a server that reads `dist` never meets half of it. */
async function emit(results) {
  const fresh = `${dist}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(join(fresh, 'assets'), { recursive: true });
  const files = results.flatMap((result) => result.outputFiles);
  for (const file of files) {
    await writeFile(file.path.replace(dist, fresh), file.contents);
  }
  const named = (stem, ext) => {
    const file = files.find((each) => new RegExp(`/${stem}-\\w+\\.${ext}$`).test(each.path));
    if (!file) throw new Error(`the bundler made no ${stem}.${ext}`);
    return file.path.slice(dist.length);
  };
  const page = (await readFile(join(here, 'index.html'), 'utf8'))
    .replace('%BOOT%', named('boot', 'js'))
    .replace('%SCRIPT%', named('main', 'js'))
    .replace('%STYLE%', named('main', 'css'))
    .replace('%ICON%', named('icon', 'svg'));
  await writeFile(join(fresh, 'index.html'), page);
  await copyFile(join(here, 'src/robots.txt'), join(fresh, 'robots.txt'));
  await rm(dist, { recursive: true, force: true });
  await rename(fresh, dist);

  const bytes = files.reduce((sum, file) => sum + gzipSync(file.contents).length, gzipSync(page).length);
  console.log(`console: ${files.length + 1} files, ${(bytes / 1024).toFixed(1)} KB gzipped`);
  if (bytes > BUDGET_BYTES) throw new Error(`the console is over its budget of ${BUDGET_BYTES / 1024} KB`);
}

const emitWith = (other) => ({
  name: 'emit',
  setup(ctx) {
    ctx.onEnd(async (result) => {
      if (result.errors.length === 0) await emit([result, await build(other)]);
    });
  },
});

if (process.argv.includes('--watch')) {
  const watching = await context({ ...app, plugins: [emitWith(boot)] });
  await watching.watch();
} else {
  await emit(await Promise.all([build(app), build(boot)]));
}
