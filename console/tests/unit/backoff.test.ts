import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff, pause } from '../../src/backoff';

test('waits_double_up_to_the_most_and_start_over_after_success', () => {
  const backoff = new Backoff(500, 4000, () => 1);
  assert.deepEqual(
    Array.from({ length: 5 }, () => backoff.nextMs()),
    [500, 1000, 2000, 4000, 4000],
  );
  backoff.reset();
  assert.equal(backoff.nextMs(), 500);
});

test('chance_takes_away_at_most_half', () => {
  const backoff = new Backoff(1000, 1000, () => 0);
  assert.equal(backoff.nextMs(), 500);
});

test('a_pause_ends_when_it_is_called_off', async () => {
  const stop = new AbortController();
  const paused = pause(2 ** 31 - 1, stop.signal);
  stop.abort();
  await paused;
  await pause(2 ** 31 - 1, stop.signal);
});
