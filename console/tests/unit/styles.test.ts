// All files of styles that a page loads are one sheet: a class that two describe is drawn by whichever was loaded last.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (path: string) => readFileSync(`src/${path}`, 'utf8');
const PAGES = ['main.tsx', 'totem.tsx', 'visualization.tsx'];
const sheetsOf = (page: string) =>
  [...read(page).matchAll(/'\.\/(styles\/[\w-]+\.css)'/g)].map(([, path]) => path ?? '');

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
  assert.ok(sheetsOf('main.tsx').length > 10);
  for (const page of PAGES) {
    const owners = new Map<string, string>();
    for (const path of sheetsOf(page)) {
      for (const name of describedBy(path)) {
        assert.equal(owners.get(name) ?? path, path, `${name} is described twice`);
        owners.set(name, path);
      }
    }
  }
});
