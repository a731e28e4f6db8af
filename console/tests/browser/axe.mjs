// Whether a page can be used by people who do not see it, or not well: axe-core's rules of WCAG 2.2 AA.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const source = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Fails with every breach that axe finds in `page`, as it is shown now. */
export async function assertAccessible(page) {
  // The page's policy forbids foreign scripts; this one comes by the debugger's way in.
  await page.evaluate(await readFile(source, 'utf8'));
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  const said = violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ html }) => html) }));
  assert.deepEqual(said, []);
}

/** Both themes, one after the other, by the page's own button unless another way is given. */
export async function assertAccessibleInBothThemes(
  page,
  change = () => page.getByRole('button', { name: /theme|tema/ }).click(),
) {
  for (let theme = 0; theme < 2; theme += 1) {
    await assertAccessible(page);
    await change();
  }
}
