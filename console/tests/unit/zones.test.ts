import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../fakes/page';
import { instantOf } from '../../src/data/clock';
import { lengthsOf, nextChange, nextShiftChanges, periodAt, zonesLike } from '../../src/data/zones';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const DEFAULT = [
  { name: 'morning', start: '06:00', days: DAYS },
  { name: 'afternoon', start: '14:00', days: DAYS },
  { name: 'night', start: '22:00', days: DAYS },
];
const HOUR = 3_600_000;
const iso = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());
const NOW = Date.parse('2026-11-23T03:00:00Z');

test('the_next_change_of_the_clock_is_found_to_the_minute', () => {
  assert.equal(iso(nextChange('Europe/Madrid', NOW)?.at), '2027-03-28T01:00:00.000Z');
  assert.equal(iso(nextChange('America/New_York', NOW)?.at), '2027-03-14T07:00:00.000Z');
  const half = nextChange('Australia/Lord_Howe', NOW);
  assert.equal(half && half.toWall - half.fromWall, -HOUR / 2);
  assert.equal(nextChange('America/Argentina/Mendoza', NOW), undefined);
  assert.equal(nextChange('UTC', NOW), undefined);
});

test('nights_over_a_change_last_seven_and_nine_hours', () => {
  const changes = nextShiftChanges(DEFAULT, 'Europe/Madrid', NOW);
  assert.deepEqual(
    changes.map(
      ({ period }) => period && [period.name, (period.end - period.start) / HOUR, period.usualMs / HOUR],
    ),
    [
      ['night', 7, 8],
      ['night', 9, 8],
    ],
  );
  assert.equal(iso(changes[0]?.period?.start), '2027-03-27T21:00:00.000Z');
});

test('a_start_that_the_clock_jumps_over_is_at_the_jump_and_one_shown_twice_counts_once', () => {
  const wall = (text: string) => Date.parse(`${text}Z`);
  assert.equal(iso(instantOf('Europe/Madrid', wall('2027-03-28T02:30:00'))), '2027-03-28T01:00:00.000Z');
  assert.equal(iso(instantOf('Europe/Madrid', wall('2027-10-31T02:30:00'))), '2027-10-31T00:30:00.000Z');
  assert.equal(iso(instantOf('Asia/Kathmandu', wall('2027-01-01T00:00:00'))), '2026-12-31T18:15:00.000Z');
  const shifts = [
    { name: 'early', start: '02:30', days: DAYS },
    { name: 'late', start: '12:00', days: DAYS },
  ];
  const [spring] = nextShiftChanges(shifts, 'Europe/Madrid', NOW);
  assert.equal(spring?.period?.name, 'late');
  assert.equal(spring?.period && (spring.period.end - spring.period.start) / HOUR, 14);
});

test('the_last_shift_before_a_day_without_any_lasts_over_it', () => {
  const week = [{ name: 'day', start: '09:00', days: ['mon', 'wed'] }];
  const period = periodAt(week, 'UTC', Date.parse('2026-11-24T12:00:00Z'));
  assert.deepEqual(
    [iso(period?.start), iso(period?.end)],
    ['2026-11-23T09:00:00.000Z', '2026-11-25T09:00:00.000Z'],
  );
  assert.deepEqual(lengthsOf(week, 'day', '09:00'), [48 * HOUR, 120 * HOUR]);
  assert.deepEqual(lengthsOf(DEFAULT, 'night', '22:00'), [8 * HOUR, 8 * HOUR]);
  assert.equal(periodAt([], 'UTC', NOW), undefined);
});

test('zones_are_found_by_any_part_of_their_names', () => {
  const zones = ['America/New_York', 'Europe/Madrid', 'America/Argentina/Buenos_Aires'];
  assert.deepEqual(zonesLike(zones, 'new york'), ['America/New_York']);
  assert.deepEqual(zonesLike(zones, 'argentina aires'), ['America/Argentina/Buenos_Aires']);
  assert.deepEqual(zonesLike(zones, 'MADRÍD'), ['Europe/Madrid']);
  assert.deepEqual(zonesLike(zones, ''), zones);
});
