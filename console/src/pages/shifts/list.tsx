// The shifts of a branch, newest first, by the day on which they began.

import { useEffect, useState } from 'preact/hooks';
import type { List as Page } from '../../api';
import { listShifts, type Shift } from '../../api/shifts';
import { type Asked, Show, Skeleton, useAsked } from '../../components/asked';
import { attempt } from '../../components/toast';
import { shiftName } from '../../i18n';
import { addressOf, type Choice, shiftDay, shiftHours } from './view';
import { say } from './words';

export interface Shifts {
  asked: Asked<Page<Shift>>;
  /** All that are known so far. */
  all: readonly Shift[];
  /** The one that runs. */
  running: number | undefined;
  /** Asks for older ones; undefined when there are none. */
  more: (() => void) | undefined;
}

/** The newest shifts of a branch, asked for again when `running` changes, and older ones as far as was wanted. */
export function useShifts(branch: number, running: number | undefined): Shifts {
  const asked = useAsked(() => listShifts(branch), [branch], 60_000);
  const [older, setOlder] = useState<Page<Shift> & { of: number }>();
  const { again } = asked;
  useEffect(() => {
    if (running !== undefined && asked.value && asked.value.items[0]?.id !== running) again();
  }, [running]);
  const known = older?.of === branch ? older : undefined;
  const cursor = known ? known.next_cursor : asked.value?.next_cursor;
  const all = joined(asked.value?.items ?? [], known?.items ?? []);
  const more = () =>
    void attempt(async () => {
      const next = await listShifts(branch, cursor ?? undefined);
      setOlder({ of: branch, items: joined(all, next.items), next_cursor: next.next_cursor });
    });
  const isNow = (shift: Shift) => Date.parse(shift.end) > Date.now();
  return { asked, all, running: running ?? all.find(isNow)?.id, more: cursor ? more : undefined };
}

/** Newer ones and older ones; a shift begins now and then, so that some may be among both. */
export function joined<T extends { id: number }>(newer: readonly T[], older: readonly T[]): T[] {
  const ids = new Set(newer.map(({ id }) => id));
  return [...newer, ...older.filter(({ id }) => !ids.has(id))];
}

interface ListProps {
  of: Shifts;
  zone: string;
  choice: Choice;
  onPick: () => void;
}

export function List({ of, zone, choice, onPick }: ListProps) {
  return (
    <nav class="shift-list" aria-label={say.value.list}>
      <Show of={of.asked} skeleton={<Skeleton lines={12} />}>
        {() =>
          of.all.length === 0 ? (
            <p class="no-rows">{say.value.noneYet}</p>
          ) : (
            <>
              {byDay(of.all, zone).map(([day, shifts]) => (
                <Day
                  key={shifts[0]?.id}
                  day={day}
                  shifts={shifts}
                  of={of}
                  zone={zone}
                  choice={choice}
                  onPick={onPick}
                />
              ))}
              {of.more ? (
                <button type="button" class="button" onClick={of.more}>
                  {say.value.older}
                </button>
              ) : (
                <p class="quiet">{say.value.noOlder}</p>
              )}
            </>
          )
        }
      </Show>
    </nav>
  );
}

/** Shifts that follow each other and began on one day. */
export function byDay(shifts: readonly Shift[], zone: string): [string, Shift[]][] {
  const days: [string, Shift[]][] = [];
  for (const shift of shifts) {
    const day = shiftDay(shift, zone);
    const last = days.at(-1);
    if (last?.[0] === day) last[1].push(shift);
    else days.push([day, [shift]]);
  }
  return days;
}

interface DayProps extends ListProps {
  day: string;
  shifts: readonly Shift[];
}

function Day({ day, shifts, of, zone, choice, onPick }: DayProps) {
  return (
    <section>
      <h2>{day}</h2>
      <ul>
        {shifts.map((shift) => {
          const runs = shift.id === of.running;
          const isShown = choice.id === shift.id || (runs && choice.id === 'current');
          // The running one has an address that goes on to the next when that begins.
          const id = runs ? 'current' : shift.id;
          return (
            <li key={shift.id}>
              <a
                href={addressOf({
                  ...choice,
                  id,
                  beside: choice.beside === shift.id ? undefined : choice.beside,
                })}
                aria-current={isShown ? 'page' : undefined}
                onClick={onPick}
              >
                <span>{shiftName(shift.name)}</span>
                <span class="quiet figure">{runs ? say.value.now : shiftHours(shift, zone)}</span>
              </a>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
