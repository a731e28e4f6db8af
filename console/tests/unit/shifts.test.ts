import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../fakes/page';
import type { ValueCount } from '../../src/api/shifts';
import { instantOfText, span, wallOf, wallText } from '../../src/data/clock';
import { alignHours, inSteps, untilNow, weekBefore } from '../../src/pages/shifts/align';
import { histogram, stepsFor } from '../../src/pages/shifts/dwell';
import { change, figure } from '../../src/pages/shifts/figures';
import { joined } from '../../src/pages/shifts/list';
import { fileOfShift, fileOfTime, periodOf } from '../../src/pages/shifts/period';
import { lineEnds } from '../../src/pages/shifts/saving';
import { addressOf, chosen } from '../../src/pages/shifts/view';
import { spokenOf } from '../../src/pages/shifts/wore';

const MADRID = 'Europe/Madrid';
/** Without what keeps a figure and its unit on one line. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const at = (text: string) => Date.parse(text);
const hour = (start: string, visits: number) => ({ start, visits });

test('a_reading_of_a_branchs_clock_is_an_instant', () => {
  assert.equal(instantOfText(MADRID, '2026-11-22T22:00'), at('2026-11-22T22:00+01:00'));
  assert.equal(instantOfText('America/Caracas', '2026-11-22T22:00'), at('2026-11-22T22:00-04:00'));
  assert.equal(instantOfText(MADRID, ''), undefined);
  assert.equal(wallText(MADRID, at('2026-07-01T12:30Z')), '2026-07-01T14:30');
  assert.equal(wallOf('Asia/Kathmandu', at('2026-07-01T00:00Z')), at('2026-07-01T05:45Z'));
});

test('a_reading_that_comes_twice_is_the_first_and_one_left_out_is_the_jump', () => {
  assert.equal(instantOfText(MADRID, '2026-10-25T02:30'), at('2026-10-25T02:30+02:00'));
  assert.equal(instantOfText(MADRID, '2026-03-29T02:30'), at('2026-03-29T03:00+02:00'));
});

test('hours_of_two_shifts_meet_by_the_clock_on_the_wall', () => {
  const night = ['22', '23', '00', '01', '02', '03'];
  const usual = night.map((h, n) => hour(`2026-11-0${n < 2 ? 1 : 2}T${h}:00:00+01:00`, n));
  assert.deepEqual(alignHours(usual, usual), [0, 1, 2, 3, 4, 5]);
  // The night in which 02:00 came twice: both are what was between two and three.
  const long = [
    ...usual.slice(0, 2).map(({ visits }, n) => hour(`2026-10-24T${night[n]}:00:00+02:00`, visits)),
    hour('2026-10-25T00:00:00+02:00', 2),
    hour('2026-10-25T01:00:00+02:00', 3),
    hour('2026-10-25T02:00:00+02:00', 10),
    hour('2026-10-25T02:00:00+01:00', 20),
    hour('2026-10-25T03:00:00+01:00', 5),
  ];
  assert.deepEqual(alignHours(usual, long), [0, 1, 2, 3, 30, 5]);
  assert.deepEqual(alignHours(long, usual), [0, 1, 2, 3, 4, null, 5]);
  assert.deepEqual(alignHours(long, long), [0, 1, 2, 3, 10, 20, 5]);
});

test('shifts_of_other_times_of_day_meet_from_their_starts', () => {
  const morning = [hour('2026-11-02T06:00:00+01:00', 7), hour('2026-11-02T07:00:00+01:00', 8)];
  const night = [hour('2026-11-01T22:00:00+01:00', 1), hour('2026-11-01T23:00:00+01:00', 2)];
  assert.deepEqual(alignHours(morning, night), [1, 2]);
});

test('hours_to_come_are_not_hours_without_visits', () => {
  const hours = [hour('2026-11-02T06:00:00+01:00', 0), hour('2026-11-02T07:00:00+01:00', 0)];
  assert.deepEqual(untilNow(hours, at('2026-11-02T06:59:00+01:00')), [0, null]);
});

test('the_shift_of_the_week_before_is_found_over_a_change_of_the_clock', () => {
  const shift = (id: number, name: string, start: string) => ({ id, name, start });
  const list = [
    shift(3, 'night', '2026-10-26T22:00:00+01:00'),
    shift(2, 'afternoon', '2026-10-19T22:00:00+02:00'),
    shift(1, 'night', '2026-10-19T22:00:00+02:00'),
  ];
  assert.equal(weekBefore(list[0] as (typeof list)[0], list)?.id, 1);
  assert.equal(weekBefore(list[2] as (typeof list)[0], list), undefined);
});

test('minutes_are_joined_and_gaps_stay_gaps', () => {
  const one = (min: number | null, mean: number | null, max: number | null) => ({ min, mean, max });
  const none = one(null, null, null);
  assert.deepEqual(inSteps([one(1, 2, 3), none, one(0, 4, 9), none, none], 3), [one(0, 3, 9), none]);
});

test('stays_are_sorted_into_steps_that_show_their_shape', () => {
  const stays = [0.4, 3, 7, 12, 12, 40, 3000];
  const steps = stepsFor(stays);
  const counts = histogram(stays, steps);
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    stays.length,
  );
  assert.ok(steps.startsS.length <= 26, `${steps.startsS.length} steps`);
  assert.deepEqual(histogram([0, 4.9, 5, 100], { stepS: 5, startsS: [0, 5, 10, 15] }), [2, 1, 0, 1]);
  assert.equal(stepsFor([]).startsS.length, 4);
});

test('figures_have_their_unit_and_differences_their_sign', () => {
  assert.deepEqual([0, 59_600, 125_000, 3_720_000].map(span).map(plain), [
    '0 s',
    '1 min',
    '2 min 5 s',
    '1 h 2 min',
  ]);
  assert.equal(change(132, 120, figure), '+12 (+10%)');
  assert.equal(change(110, 120, figure), '−10 (−8%)');
  assert.equal(change(9, 6, figure), '+3');
  assert.equal(change(7, 7, figure), '±0');
  assert.equal(
    change(11, 19, (s) => plain(span(s * 1000))),
    '−8 s',
  );
});

test('it_is_told_of_how_many_anything_was_said', () => {
  const counts: ValueCount[] = [
    { value: 'black', count: 3, share: 0.06 },
    { value: 'blue', count: 34, share: 0.68 },
  ];
  assert.equal(spokenOf(counts), 50);
  assert.equal(spokenOf([{ value: '0-12', count: 0, share: 0 }]), 0);
  assert.equal(spokenOf([]), 0);
});

test('a_period_has_a_beginning_before_its_end', () => {
  const good = periodOf(MADRID, '2026-11-22T22:00', '2026-11-23T06:00');
  assert.deepEqual([good.error, good.toMs - good.fromMs], [undefined, 8 * 3_600_000]);
  assert.equal(periodOf(MADRID, '', '2026-11-23T06:00').error, 'from');
  assert.equal(periodOf(MADRID, '2026-11-22T22:00', '').error, 'to');
  assert.equal(periodOf(MADRID, '2026-11-22T22:00', '2026-11-22T22:00').error, 'order');
  assert.equal(periodOf(MADRID, '2006-11-22T22:00', '2026-11-22T22:00').error, 'length');
});

test('files_have_names_that_every_file_system_takes', () => {
  const shift = { id: 1, branch_id: 1, name: 'brunch / late?', start: '2026-11-22T22:00:00+01:00', end: '' };
  assert.equal(fileOfShift('visits', shift, 'csv'), 'atalaya-visits-2026-11-22-brunch-late.csv');
  assert.equal(
    fileOfTime('stays', '2026-11-22T22:00', '2026-11-23T04:00', 'ndjson'),
    'atalaya-stays-20261122T2200-20261123T0400.ndjson',
  );
});

test('rows_are_counted_by_the_ends_of_their_lines', () => {
  assert.equal(lineEnds(new TextEncoder().encode('a,b\r\n1,2\r\n')), 2);
  assert.equal(lineEnds(new Uint8Array()), 0);
});

test('what_is_chosen_is_in_the_address', () => {
  const read = (address: string) => {
    const [path = '', search = ''] = address.replace('#/', '').split('?');
    return chosen(path.split('/').slice(1), new URLSearchParams(search));
  };
  const choice = { id: 12, beside: 9, camera: 'a b', sector: undefined, heat: 'bar' };
  assert.deepEqual(read(addressOf(choice)), choice);
  assert.equal(addressOf({ ...choice, id: 9, camera: undefined, heat: undefined }), '#/shifts/9');
  assert.equal(read('#/shifts').id, 'current');
  assert.equal(read('#/shifts/x').id, 'current');
  assert.equal(read('#/shifts?with=-1').beside, undefined);
});

test('a_shift_that_a_newer_one_has_pushed_off_the_first_page_stays_and_none_is_there_twice', () => {
  const ids = (...all: number[]) => all.map((id) => ({ id }));
  const older = joined(ids(5, 4, 3), ids(2, 1));
  // Somebody pressed the button twice.
  const twice = joined(older, ids(2, 1));
  assert.deepEqual(joined(ids(6, 5, 4), twice), ids(6, 5, 4, 3, 2, 1));
});
