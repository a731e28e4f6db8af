// When the shifts of a branch start, and what the next changes of its clock do to them.

import { useState } from 'preact/hooks';
import type { Tagged } from '../../api';
import {
  type BranchFull,
  currentShift,
  DAYS,
  type Day,
  deleteSchedule,
  getSchedule,
  putSchedule,
  type Schedule,
  type ScheduledShift,
} from '../../api/places';
import { Show, useAsked } from '../../components/asked';
import { attempt, tell } from '../../components/toast';
import { clockIn, clockOf, MINUTES, span } from '../../data/clock';
import { now } from '../../data/feed';
import { lengthsOf, nextShiftChanges, type ShiftChange, type Start } from '../../data/zones';
import { shiftName } from '../../i18n';
import { ScheduleDialog } from './schedule';
import { placeWords } from './words';

/** The running shift ends some time; then there is another. */
const EVERY_MS = 60_000;

export function Shifts({ branch, mayChange }: { branch: BranchFull; mayChange: boolean }) {
  const w = placeWords.value;
  const asked = useAsked(() => getSchedule(branch.id), [branch.id, branch.time_zone]);
  const [isOpen, setOpen] = useState(false);
  return (
    <section class="branch-part" aria-labelledby="shifts-title">
      <header>
        <h2 id="shifts-title">{w.shifts}</h2>
        {mayChange && (
          <>
            <button type="button" class="button" onClick={() => setOpen(true)}>
              {w.changeShifts}
            </button>
            {asked.value && <ToDefault branch={branch} schedule={asked.value} onDone={asked.again} />}
          </>
        )}
      </header>
      <Running branch={branch} asked={asked.value?.etag} />
      <Show of={asked}>
        {({ value }) => (
          <>
            {value.from && Date.parse(value.from) > now.value && (
              <p>{w.holdsFrom(dayAndTime(value.time_zone, Date.parse(value.from)))}</p>
            )}
            <ShiftTable shifts={value.shifts} />
            <Changes shifts={value.shifts} zone={value.time_zone} />
          </>
        )}
      </Show>
      {isOpen && <ScheduleDialog branch={branch} onClose={() => setOpen(false)} onDone={asked.again} />}
    </section>
  );
}

/** The server's word, as shifts that have begun keep their begin whatever the schedule says now. */
function Running({ branch, asked }: { branch: BranchFull; asked: string | undefined }) {
  const { value } = useAsked(() => currentShift(branch.id), [branch.id, branch.time_zone, asked], EVERY_MS);
  if (!value) return <p class="quiet"> </p>;
  return (
    <p class="quiet">
      {placeWords.value.runsUntil(shiftName(value.name), dayAndTime(branch.time_zone, Date.parse(value.end)))}
    </p>
  );
}

function ToDefault({ branch, schedule, onDone }: ToDefaultProps) {
  const w = placeWords.value;
  if (isDefault(schedule.value.shifts)) return null;
  const back = () =>
    attempt(async () => {
      const saved = await deleteSchedule(branch.id, schedule.etag);
      onDone();
      tell(w.shiftsChanged(branch.name), async () => {
        await putSchedule(branch.id, schedule.value.shifts, saved.etag);
        onDone();
      });
    });
  return (
    <button type="button" class="button" onClick={() => void back()}>
      {w.toDefault}
    </button>
  );
}

interface ToDefaultProps {
  branch: BranchFull;
  schedule: Tagged<Schedule>;
  onDone: () => void;
}

const isDefault = (shifts: readonly ScheduledShift[]) =>
  shifts.every(({ days }) => days.length === DAYS.length) &&
  shifts.map(({ name, start }) => `${name} ${start}`).join() === 'morning 06:00,afternoon 14:00,night 22:00';

function ShiftTable({ shifts }: { shifts: readonly ScheduledShift[] }) {
  const w = placeWords.value;
  return (
    <table class="plain">
      <thead>
        <tr>
          <th scope="col">{w.shift}</th>
          <th scope="col">{w.starts}</th>
          <th scope="col">{w.days}</th>
          <th scope="col" class="number">
            {w.lasts}
          </th>
        </tr>
      </thead>
      <tbody>
        {shifts.map((shift) => (
          <tr key={`${shift.name} ${shift.start} ${shift.days.join()}`}>
            <td>{shiftName(shift.name)}</td>
            <td class="figure">{shift.start}</td>
            <td>{daysText(shift.days)}</td>
            <td class="number figure">{lengthText(shifts, shift)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function lengthText(shifts: readonly Start[], { name, start }: Start): string {
  const lengths = lengthsOf(shifts, name, start);
  if (!lengths) return '';
  const [least, most] = lengths.map(span);
  return least === most ? `${least}` : `${least} – ${most}`;
}

/** Monday, 1 January 2024, and the days after it. */
const A_MONDAY = Date.UTC(2024, 0, 1);

export const dayName = (day: Day, weekday: 'short' | 'long' = 'short') =>
  clockOf('UTC', { weekday }).format(A_MONDAY + DAYS.indexOf(day) * 86_400_000);

export function daysText(days: readonly Day[]): string {
  if (days.length === DAYS.length) return placeWords.value.everyDay;
  const runs: Day[][] = [];
  for (const day of DAYS.filter((each) => days.includes(each))) {
    const last = runs.at(-1);
    const before = last?.at(-1);
    if (last && before && DAYS.indexOf(day) === DAYS.indexOf(before) + 1) last.push(day);
    else runs.push([day]);
  }
  return runs.map(runText).join(', ');
}

function runText(run: Day[]): string {
  const [first, last] = [run[0], run.at(-1)];
  if (run.length < 3 || !first || !last) return run.map((day) => dayName(day)).join(', ');
  return `${dayName(first)}–${dayName(last)}`;
}

/** What the clock does next, and which shift is shorter or longer for it. */
export function Changes({ shifts, zone }: { shifts: readonly Start[]; zone: string }) {
  const w = placeWords.value;
  // Changes come twice a year: the hour is enough to tell when to look again.
  const hour = Math.floor(now.value / 3_600_000) * 3_600_000;
  const changes = nextShiftChanges(shifts, zone, hour);
  return (
    <div class="changes">
      <h3>{w.clockChanges}</h3>
      {changes.length === 0 && <p class="quiet">{w.noChange}</p>}
      <ul>
        {changes.map((each) => (
          <Change key={each.change.at} zone={zone} {...each} />
        ))}
      </ul>
    </div>
  );
}

function Change({ zone, change, period }: ShiftChange & { zone: string }) {
  const w = placeWords.value;
  const by = change.toWall - change.fromWall;
  const wall = (at: number) => clockIn('UTC', at);
  const say = by > 0 ? w.forward : w.back;
  return (
    <li>
      {period && (
        <p>
          <b>{period.start === period.end ? '' : nightOf(zone, period.start, period.end)}</b>
          {': '}
          {w.lastsInstead(shiftName(period.name), span(period.end - period.start), span(period.usualMs))}
        </p>
      )}
      <p class="quiet">
        {say(span(Math.abs(by)), wall(change.fromWall), wall(change.toWall))} (
        {clockOf(zone, { dateStyle: 'full' }).format(change.at)})
      </p>
    </li>
  );
}

/** `27–28 March 2027`, as short as the language has it. */
function nightOf(zone: string, start: number, end: number): string {
  const format = clockOf(zone, { day: 'numeric', month: 'long', year: 'numeric' });
  return format.formatRange(start, end - 1);
}

function dayAndTime(zone: string, at: number): string {
  return clockOf(zone, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    ...MINUTES,
  }).format(at);
}
