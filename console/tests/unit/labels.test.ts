import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../fakes/page';
import { withKind } from '../../src/pages/camera/words';

test('a_name_that_says_its_kind_is_told_without_it', () => {
  assert.equal(withKind('Line', 'gate'), 'Line gate');
  assert.equal(withKind('Line', 'line 1'), 'line 1');
  assert.equal(withKind('Línea', 'línea 2'), 'línea 2');
  assert.equal(withKind('Zone', 'zoned'), 'Zone zoned');
});
