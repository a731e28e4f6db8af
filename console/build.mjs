// Bundles the console into `dist`: hashed names, a page for each address. It runs on Node 18 and needs no network.

import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, context } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');

/**
 * The pages, all made of `page.html`: each has a module of its own, and what a first visit may cost, gzipped; they are
 * opened on phones over venue Wi-Fi. What fits around a notch says so.
 */
const PAGES = {
  index: { entry: 'main', budgetKb: 200 },
  totem: { entry: 'totem', budgetKb: 40, fit: ', viewport-fit=cover' },
  visualization: { entry: 'visualization', budgetKb: 40 },
};

/** Shared by all open pages; loaded once somebody is signed in. */
const WORKER = 'src/events/worker.ts';

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
  entryPoints: [...Object.values(PAGES).map(({ entry }) => `src/${entry}.tsx`), WORKER, 'src/icon.svg'],
  format: 'esm',
  splitting: true,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'copy', '.worklet.js': 'file' },
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
  const template = await readFile(join(here, 'page.html'), 'utf8');
  for (const [name, { entry, budgetKb, fit = '' }] of Object.entries(PAGES)) {
    const page = template
      .replace('%FIT%', fit)
      .replace('%BOOT%', named('boot', 'js'))
      .replace('%SCRIPT%', named(entry, 'js'))
      .replace('%STYLE%', named(entry, 'css'))
      .replace('%WORKER%', named('worker', 'js'))
      .replace('%ICON%', named('icon', 'svg'));
    await writeFile(join(fresh, `${name}.html`), page);
    const loaded = [named('boot', 'js'), named(entry, 'css'), ...atOnce(results, named(entry, 'js'))];
    const bytes = files
      .filter((file) => loaded.includes(file.path.slice(dist.length)))
      .reduce((sum, file) => sum + gzipSync(file.contents).length, gzipSync(page).length);
    console.log(`console: ${name} loads ${loaded.length + 1} files, ${(bytes / 1024).toFixed(1)} KB gzipped`);
    if (bytes > budgetKb * 1024) throw new Error(`${name} is over its budget of ${budgetKb} KB`);
  }
  await copyFile(join(here, 'src/robots.txt'), join(fresh, 'robots.txt'));
  await rm(dist, { recursive: true, force: true });
  await rename(fresh, dist);
}

/** A module and all that it imports before it runs; what it loads later does not count. */
function atOnce(results, path) {
  const outputs = Object.assign({}, ...results.map((result) => result.metafile.outputs));
  const found = new Set();
  const visit = (name) => {
    if (found.has(name)) return;
    found.add(name);
    for (const each of outputs[name]?.imports ?? []) if (each.kind === 'import-statement') visit(each.path);
  };
  visit(`dist${path}`);
  return [...found].map((name) => name.slice('dist'.length));
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
