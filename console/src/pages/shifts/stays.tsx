// How long people stayed: the shape that a median hides.

import { useMemo } from 'preact/hooks';
import type { Comparison } from '../../api/shifts';
import { Show, useAsked } from '../../components/asked';
import { Chart, type ChartSeries } from '../../components/chart';
import { span } from '../../data/clock';
import { Block } from './block';
import { histogram, stepsFor } from './dwell';
import { figure, share } from './figures';
import { lengthsOf, MOST_ROWS } from './lengths';
import { ChartRoom } from './occupancy';
import { shiftTitle, type View } from './view';
import { say } from './words';

const EVERY_MS = 60_000;

export function Stays({ view }: { view: View }) {
  const first = useLengths(view.first, view);
  const second = useLengths(view.second, view);
  const { dwell_median_s, visits } = view.first.summary;
  const count = first.value?.length ?? 0;
  return (
    <Block title={say.value.stays} rows="visits" view={view} note={first.value && noteOf(count)}>
      <Show of={first} skeleton={<ChartRoom />}>
        {(lengths) =>
          lengths.length > 0 ? (
            <Shape view={view} lengths={lengths} others={second.value} />
          ) : (
            <p class="chart-room quiet">
              {visits > 0 && dwell_median_s !== null ? say.value.staysGone : say.value.noStays}
            </p>
          )
        }
      </Show>
    </Block>
  );
}

const noteOf = (count: number) =>
  count >= MOST_ROWS ? say.value.staysFirst(count) : count > 0 && say.value.staysNote(count);

function useLengths(of: Comparison | undefined, { scope }: View) {
  const id = of?.summary.shift.id;
  // The first visit that is over is not waited for.
  const isAny = of !== undefined && of.summary.dwell_median_s !== null;
  return useAsked<number[] | undefined>(
    async (signal) => (id === undefined ? undefined : lengthsOf(id, scope, signal)),
    [id, scope, isAny],
    of?.running ? EVERY_MS : undefined,
  ) as ReturnType<typeof useAsked<number[]>>;
}

interface ShapeProps {
  view: View;
  lengths: readonly number[];
  others: readonly number[] | undefined;
}

/** One shift in visits; two in shares, as one may have had more visits than the other. */
function Shape({ view, lengths, others }: ShapeProps) {
  const { first, second, branch } = view;
  const zone = branch.time_zone;
  const steps = useMemo(() => stepsFor(lengths, others ?? []), [lengths, others]);
  const isTwo = second !== undefined && others !== undefined && others.length > 0;
  const series = useMemo(() => {
    const part = (all: readonly number[]) =>
      histogram(all, steps).map((count) => (isTwo ? (100 * count) / Math.max(1, all.length) : count));
    const name = isTwo ? shiftTitle(first.summary.shift, zone) : say.value.thisShift;
    const shown: ChartSeries[] = [{ name, kind: 'bars', tone: 'first', values: part(lengths) }];
    if (isTwo) {
      const other = shiftTitle(second.summary.shift, zone);
      shown.push({ name: other, kind: 'bars', tone: 'second', values: part(others) });
    }
    return shown;
  }, [steps, isTwo, say.value]);
  const { startsS, stepS } = steps;
  const names = startsS.map((start) => short(start));
  const last = startsS.length - 1;
  const { dwell_median_s, dwell_p95_s } = first.summary;
  return (
    <Chart
      label={say.value.stays}
      summary={say.value.staysSummary(span((dwell_median_s ?? 0) * 1000), span((dwell_p95_s ?? 0) * 1000))}
      x={startsS.map((_, at) => at)}
      names={names}
      nameOf={(at) => {
        const start = startsS[at] ?? 0;
        if (at === last) return say.value.orMore(span(start * 1000));
        return say.value.fromTo(span(start * 1000), span((start + stepS) * 1000));
      }}
      xName={say.value.from}
      series={series}
      format={isTwo ? (value) => share(value / 100) : figure}
    />
  );
}

/** As little as an axis has room for: `45 s`, `2 min`, `2:30 min`, `1:05 h`. */
function short(seconds: number): string {
  const two = (n: number) => String(n).padStart(2, '0');
  if (seconds < 60) return `${seconds} s`;
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)} h`;
  const rest = seconds % 60;
  return `${Math.floor(seconds / 60)}${rest > 0 ? `:${two(rest)}` : ''} min`;
}
