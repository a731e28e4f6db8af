// What the page that watches totems counts and keeps.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Watched } from '../../src/visualization/figures';
import { Journal, matching } from '../../src/visualization/journal';
import { answer } from '../fakes/totem';

test('answers_are_counted_by_the_second_and_detections_by_the_minute', () => {
  const totem = new Watched('hall', answer(), 0);
  for (let at = 250; at <= 20_000; at += 250) {
    // Every other answer has boxes that were moved on from an earlier picture.
    const detector_ran = at % 500 === 0;
    totem.take(answer({ detector_ran, analysis_age_ms: detector_ran ? 0 : 100 }), at);
  }
  const { answersPerSecond, detections, boxesAgeMs, worstAgeMs } = totem.figures(20_000);
  assert.equal(answersPerSecond, 4);
  assert.equal(detections, 41);
  assert.equal(boxesAgeMs, 50);
  assert.equal(worstAgeMs, 100);
});

test('a_totem_that_stopped_is_stale_and_has_no_answers_a_second', () => {
  const totem = new Watched('hall', answer(), 0);
  assert.equal(totem.isStale(5000), false);
  assert.equal(totem.isStale(5001), true);
  assert.equal(totem.figures(60_000).answersPerSecond, 0);
  assert.equal(totem.figures(60_000).boxesAgeMs, undefined);
});

test('a_totem_that_has_just_begun_is_not_said_to_be_slow', () => {
  const totem = new Watched('hall', answer(), 0);
  for (let at = 200; at <= 2000; at += 200) totem.take(answer(), at);
  assert.equal(totem.figures(2000).answersPerSecond, 5.5);
});

test('the_journal_keeps_the_last_messages_without_their_pictures', () => {
  const journal = new Journal();
  const picture = 'A'.repeat(4000);
  for (let at = 0; at < 510; at += 1) {
    journal.take(at, answer({ annotated_image: picture, camera: `totem-${at}` }), 4200);
  }
  assert.equal(journal.entries.length, 500);
  const [newest] = journal.entries;
  assert.equal(newest?.totem, 'totem-509');
  assert.equal(newest?.chars, 4200);
  assert.match(newest?.text ?? '', /"annotated_image":"\(JPEG, 3000 bytes\)"/);
});

test('messages_are_found_by_type_and_by_all_words', () => {
  const journal = new Journal();
  journal.take(0, { type: 'error', code: 'busy', message: 'Too many totems' }, 1);
  journal.take(1, answer(), 1);
  const found = (type: string, wanted: string) => matching(journal.entries, type, wanted).map(({ id }) => id);
  assert.deepEqual(found('', ''), [2, 1]);
  assert.deepEqual(found('error', ''), [1]);
  assert.deepEqual(found('', 'BUSY totems'), [1]);
  assert.deepEqual(found('', 'busy person'), []);
  assert.deepEqual(found('error', 'hall'), []);
});
