import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alone } from '../../src/components/alone';

test('a_step_between_two_that_were_not_measured_is_alone', () => {
  assert.deepEqual(alone([null, 3, null, 1, 2, null, 0]), [1, 6]);
  assert.deepEqual(alone([4]), [0]);
  assert.equal(alone([1, 2, null]), null);
});
