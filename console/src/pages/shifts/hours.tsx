// When visits began, hour by hour, beside the same shift a week before or the one that was put beside it.

import { useMemo } from 'preact/hooks';
import { listShifts, type Scope, type Shift, type ShiftSummary, summary } from '../../api/shifts';
import { useAsked } from '../../components/asked';
import { Chart, type ChartSeries } from '../../components/chart';
import { wallClock } from '../../data/facts';
import { alignHours, isPast, untilNow, weekBefore } from './align';
import { Block } from './block';
import { visitCount } from './facts';
import { figure } from './figures';
import { clock } from './head';
import { clockNote, shiftDay, shiftTitle, type View } from './view';
import { say } from './words';

export function Hours({ view }: { view: View }) {
  const { first, second, branch, scope } = view;
  const { shift } = first.summary;
  const zone = branch.time_zone;
  const asked = useAsked(
    (signal) => (second ? Promise.resolve(undefined) : summaryWeekBefore(shift, scope, signal)),
    [shift.id, scope, second !== undefined],
  );
  const other = second?.summary ?? asked.value;
  const hours = first.summary.visits_by_hour;
  const hour = Math.floor(clock() / 60_000);
  const series = useMemo(() => {
    const shown: ChartSeries[] = [
      {
        name: second ? shiftTitle(shift, zone) : say.value.thisShift,
        kind: 'bars',
        tone: 'first',
        values: untilNow(hours, hour * 60_000),
      },
    ];
    if (other) {
      const day = shiftDay(other.shift, zone);
      const name = second ? shiftTitle(other.shift, zone) : say.value.weekBefore(day);
      shown.push({ name, kind: 'bars', tone: 'second', values: alignHours(hours, other.visits_by_hour) });
    }
    return shown;
  }, [JSON.stringify(hours), other, second !== undefined, hour, say.value]);
  const names = hours.map(({ start }) => wallClock(start));
  const most = hours.reduce((best, each) => (each.visits > best.visits ? each : best), {
    start: '',
    visits: -1,
  });
  const isMissing = !second && !other && !asked.busy;
  return (
    <Block
      title={say.value.byHour}
      rows="visits"
      view={view}
      note={isMissing ? (asked.error ? asked.error.message : say.value.noWeekBefore) : clockNote(view)}
    >
      <Chart
        label={say.value.byHour}
        summary={say.value.byHourSummary(
          visitCount(first.summary.visits),
          wallClock(most.start),
          figure(Math.max(0, most.visits)),
        )}
        x={names.map((_, at) => at)}
        names={names}
        nameOf={(at) => names[at] ?? ''}
        xName={say.value.hour}
        series={series}
        format={figure}
      />
    </Block>
  );
}

/** More pages of shifts than a venue fills in ten years. */
const MOST_PAGES = 40;

async function summaryWeekBefore(
  shift: Shift,
  scope: Scope,
  signal: AbortSignal,
): Promise<ShiftSummary | undefined> {
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES && !signal.aborted; page += 1) {
    const { items, next_cursor } = await listShifts(shift.branch_id, cursor, page === 0 ? 100 : 500);
    const found = weekBefore(shift, items);
    if (found) return summary(found.id, scope, signal);
    if (!next_cursor || isPast(shift, items)) return undefined;
    cursor = next_cursor;
  }
  return undefined;
}
