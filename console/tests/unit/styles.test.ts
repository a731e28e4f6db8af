// All pages share one sheet of styles: a class that two files describe is drawn by whichever was loaded last.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (path: string) => readFileSync(`src/${path}`, 'utf8');
const sheets = [...read('main.tsx').matchAll(/'\.\/(styles\/[\w-]+\.css)'/g)].map(([, path]) => path ?? '');

/** Classes that a sheet describes by themselves, and not as a part of something. */
function describedBy(path: string): Set<string> {
  // On paper the page is arranged anew from parts of all files.
  const text = read(path)
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/@media print \{.*?\n\}/gs, '')
    .replace(/@[^{]*\{/g, '{');
  const selectors = [...text.matchAll(/([^{};]+)\{/g)].flatMap(([, list]) =>
    (list ?? '').split(/,(?![^(]*\))/),
  );
  const classes = selectors.map((selector) => [...new Set(selector.match(/\.[a-z][\w-]*/g))]);
  return new Set(classes.filter(({ length }) => length === 1).flat());
}

test('each_class_is_described_in_one_file', () => {
  assert.ok(sheets.length > 10);
  const owners = new Map<string, string>();
  for (const path of sheets) {
    for (const name of describedBy(path)) {
      assert.equal(owners.get(name) ?? path, path, `${name} is described twice`);
      owners.set(name, path);
    }
  }
});
