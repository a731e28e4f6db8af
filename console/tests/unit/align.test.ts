import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Aligner } from '../../src/video/align';

/** Frames as a busy server takes them in: by no even clock. */
const FRAMES = [0, 97, 212, 301, 425, 508, 640, 702, 833, 911, 1024, 1100, 1236];
const EPOCH = 1_795_406_182_000;
const ZERO_TICKS = 2 ** 32 - 20_000;

/** The time stamp of a picture, which begins again in the middle. */
const ticks = (ms: number) => (ZERO_TICKS + Math.round(ms * 90)) % 2 ** 32;

function aligned(recordLateMs = 0): Aligner<number> {
  const aligner = new Aligner<number>();
  const happenings = FRAMES.flatMap((at, number) => [
    // Stamped within a millisecond or two of each other, in either order.
    { at: at + 5 + recordLateMs, run: () => aligner.addFrame(EPOCH + at + (number % 3), at, number) },
    { at: at + 40, run: () => aligner.addPicture(ticks(at), at + 40) },
  ]);
  for (const { run } of happenings.sort((a, b) => a.at - b.at)) run();
  return aligner;
}

test('each_picture_finds_its_own_frame', () => {
  const aligner = aligned();
  for (const [number, at] of FRAMES.entries()) {
    assert.deepEqual(data(aligner.dataOf(ticks(at))), number);
  }
});

test('a_picture_whose_record_has_not_come_waits_for_it', () => {
  const aligner = aligned();
  assert.equal(aligner.dataOf(ticks(1340)), 'late');
  aligner.addFrame(EPOCH + 1340, 1340, 13);
  assert.equal(data(aligner.dataOf(ticks(1340))), 13);
});

test('a_record_that_was_stamped_late_is_of_its_picture_and_not_of_the_next', () => {
  const aligner = aligned();
  aligner.addFrame(EPOCH + 815, 830, 8);
  assert.equal(data(aligner.dataOf(ticks(800))), 8);
});

test('a_picture_that_is_sent_once_more_is_that_of_the_last_frame', () => {
  assert.equal(data(aligned().dataOf(ticks(770))), 7);
});

test('a_first_guess_by_even_frames_is_mended_by_the_next_uneven_ones', () => {
  const aligner = new Aligner<number>();
  // The first five would fit those before them better: the last of their stamps was late.
  const frames = [0, 100, 200, 300, 400, 530, 600, 745, 800];
  for (const [number, at] of frames.entries()) {
    aligner.addFrame(EPOCH + at + (number === 4 ? 3 : 1), at, number);
    if (number > 0) aligner.addPicture(ticks(at), at + 40);
  }
  assert.equal(data(aligner.dataOf(ticks(800))), 8);
});

test('nothing_is_drawn_before_it_is_sure', () => {
  const aligner = new Aligner<number>();
  aligner.addFrame(EPOCH, 0, 0);
  aligner.addPicture(ticks(0), 20);
  assert.equal(aligner.isSure, false);
  assert.equal(aligner.dataOf(ticks(0)), undefined);
});

test('records_that_come_after_their_pictures_fit_as_well', () => {
  const aligner = aligned(60);
  assert.equal(data(aligner.dataOf(ticks(911))), 9);
});

const data = (told: { data: number } | 'late' | undefined) => (told === 'late' ? told : told?.data);
