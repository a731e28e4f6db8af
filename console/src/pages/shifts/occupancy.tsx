// How many people there were at once, minute by minute.

import { useMemo } from 'preact/hooks';
import { type Comparison, type PeoplePoint, peopleByMinute, type Shift } from '../../api/shifts';
import { Show, Skeleton, useAsked } from '../../components/asked';
import { Chart, type ChartSeries } from '../../components/chart';
import { clockIn, span, wallOf } from '../../data/clock';
import { inSteps, readingOf } from './align';
import { Block } from './block';
import { figure } from './figures';
import { clockNote, shiftTitle, type View } from './view';
import { say } from './words';

/** Finer than this a line trembles, and two of them cannot be told apart. */
const STEP_MIN = 5;
const STEP_MS = STEP_MIN * 60_000;
const EVERY_MS = 20_000;

export function Occupancy({ view }: { view: View }) {
  const first = usePeople(view.first, view);
  const second = usePeople(view.second, view);
  const measured = first.value && measuredOf(first.value, view.first);
  return (
    <Block
      room="rest tall"
      title={say.value.occupancy}
      rows="occupancy"
      view={view}
      note={
        <>
          {say.value.occupancyNote} {measured} {clockNote(view)}
        </>
      }
    >
      <Show of={first} skeleton={<ChartRoom />}>
        {(points) =>
          points.some(({ max }) => max !== null) ? (
            <People view={view} points={points} others={second.value} />
          ) : (
            <p class="chart-room quiet">{say.value.noOccupancy}</p>
          )
        }
      </Show>
    </Block>
  );
}

/** As much room as a chart takes. */
export const ChartRoom = () => (
  <div class="chart-room">
    <Skeleton lines={6} />
  </div>
);

function usePeople(of: Comparison | undefined, { branch, scope }: View) {
  const shift = of?.summary.shift;
  return useAsked<PeoplePoint[] | undefined>(
    async (signal) =>
      shift &&
      (await peopleByMinute(
        shift.branch_id,
        shift.start,
        of?.running ? undefined : shift.end,
        scope,
        signal,
      )),
    [shift?.id, branch.id, scope, of?.running],
    of?.running ? EVERY_MS : undefined,
  ) as ReturnType<typeof useAsked<PeoplePoint[]>>;
}

/** A gap in the line is one of the cameras, not one in the stream of people. */
function measuredOf(points: readonly PeoplePoint[], { elapsed_s }: Comparison): string {
  const minutes = points.filter(({ max }) => max !== null).length;
  return say.value.measured(span(Math.min(minutes * 60, elapsed_s) * 1000), span(elapsed_s * 1000));
}

interface PeopleProps {
  view: View;
  points: readonly PeoplePoint[];
  others: readonly PeoplePoint[] | undefined;
}

function People({ view, points, others }: PeopleProps) {
  const { first, second, branch } = view;
  const zone = branch.time_zone;
  const { shift } = first.summary;
  const starts = useMemo(() => startsOf(shift), [shift.start, shift.end]);
  const then = useMemo(
    () => (others && second ? alignSteps(shift, zone, starts, second.summary.shift, others) : undefined),
    [starts, others, second?.summary.shift.id],
  );
  const series = useMemo(() => {
    const steps = inSteps(points, STEP_MIN);
    const at = (key: 'min' | 'mean' | 'max') => starts.map((_, step) => steps[step]?.[key] ?? null);
    const shown: ChartSeries[] = [
      { name: say.value.fewestMost, kind: 'band', tone: 'first', values: at('max'), low: at('min') },
      { name: say.value.mean, kind: 'line', tone: 'first', values: at('mean') },
    ];
    if (then && second) {
      const name = say.value.meanThen(shiftTitle(second.summary.shift, zone));
      shown.push({ name, kind: 'line', tone: 'second', values: then });
    }
    return shown;
  }, [starts, points, then, say.value]);
  const range = useMemo(
    () => [Date.parse(shift.start) / 1000, Date.parse(shift.end) / 1000] as const,
    [shift.start, shift.end],
  );
  return (
    <Chart
      label={say.value.occupancy}
      summary={summaryOf(points, view)}
      x={starts}
      zone={zone}
      nameOf={(step) => clockIn(zone, (starts[step] ?? 0) * 1000)}
      xName={say.value.time}
      series={series}
      format={figure}
      range={range}
      heightPx={300}
    />
  );
}

/** When each step of a shift begins, in seconds, also those to come. */
function startsOf({ start, end }: Shift): number[] {
  const [from, to] = [Date.parse(start), Date.parse(end)];
  return Array.from({ length: Math.ceil((to - from) / STEP_MS) }, (_, at) => (from + at * STEP_MS) / 1000);
}

/** The mean of another shift for each step of this one: as long after its start by the clock on the wall. */
function alignSteps(
  ours: Shift,
  zone: string,
  starts: readonly number[],
  theirs: Shift,
  points: readonly PeoplePoint[],
): (number | null)[] {
  const start = readingOf(theirs.start);
  const steps = inSteps(points, STEP_MIN);
  const known = new Map(
    steps.map(({ mean }, at) => [readingOf(points[at * STEP_MIN]?.start ?? '') - start, mean]),
  );
  const from = readingOf(ours.start);
  return starts.map((step) => known.get(wallOf(zone, step * 1000) - from) ?? null);
}

function summaryOf(points: readonly PeoplePoint[], { first, branch }: View): string {
  const means = points.map(({ mean }) => mean).filter((mean) => mean !== null);
  const mean = means.reduce((sum, each) => sum + each, 0) / Math.max(1, means.length);
  const peak = first.summary.occupancy_peak;
  if (!peak) return say.value.noOccupancy;
  return say.value.occupancySummary(
    figure(mean),
    figure(peak.people),
    clockIn(branch.time_zone, Date.parse(peak.at)),
  );
}
