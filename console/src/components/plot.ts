// How charts are drawn by uPlot: colours out of the theme, times by the clock of the branch, an axis that keeps still.

import type { RefObject } from 'preact';
import uPlot from 'uplot';
import { clockIn } from '../data/clock';
import { theme } from '../prefs';
import { alone } from './alone';
import type { ChartSeries } from './chart';

/** What is drawn; read anew at each drawing. */
export interface Plan {
  x: readonly number[];
  zone?: string;
  names?: readonly string[];
  series: readonly ChartSeries[];
  format: (value: number) => string;
  range?: readonly [number, number];
}

type Size = { width: number; height: number };

const FONT = '12px system-ui, sans-serif';
const FIRST = '--accent';
const SECOND = '--edge';
/** A thin line needs more of a contrast than a bar. */
const SECOND_LINE = '--quiet';

/** The room that a time takes below the axis, and a letter of a name, px. */
const TIME_PX = 48;
const LETTER_PX = 7;
const WHOLE = [
  1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000,
];
/** The room of an axis' values: six digits. */
const VALUES_PX = 44;

/** A colour of the theme as it is at this moment; with `alpha` (two hexadecimal digits) let through. */
const colour =
  (token: string, alpha = '') =>
  () =>
    getComputedStyle(document.documentElement).getPropertyValue(token).trim() + alpha;

function toneOf({ tone, kind }: ChartSeries): string {
  if (tone === 'first') return FIRST;
  return kind === 'line' ? SECOND_LINE : SECOND;
}

export function drawing(
  into: HTMLElement,
  plan: RefObject<Plan>,
  size: Size,
  onPoint: (at: number | undefined) => void,
): uPlot {
  const now = () => plan.current as Plan;
  const { zone } = now();
  const options: uPlot.Options = {
    ...size,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false, setScale: false } },
    padding: [8, 20, 0, 0],
    scales: {
      x: { time: zone !== undefined, range: () => rangeOf(now()) },
      y: { range: (_, _min, max) => [0, Math.max(1, max * 1.08)] },
    },
    axes: [axisOfX(now), axisOfY(now)],
    ...shapesOf(now().series),
    hooks: {
      setCursor: [(u) => onPoint(u.cursor.idx ?? undefined)],
    },
  };
  if (zone) options.tzDate = (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone);
  return new uPlot(options, dataOf(now()), into);
}

function rangeOf({ x, names, range }: Plan): [number, number] {
  if (names) return [-0.6, names.length - 0.4];
  return range ? [range[0], range[1]] : [x[0] ?? 0, x.at(-1) ?? 1];
}

/** Columns as uPlot takes them: the x, then of each series its values, of a band its upper and its lower edge. */
export function dataOf({ x, series }: Plan): uPlot.AlignedData {
  const columns = series.flatMap(({ kind, values, low }) =>
    kind === 'band' ? [values, low ?? []] : [values],
  );
  return [x, ...columns] as unknown as uPlot.AlignedData;
}

function shapesOf(series: readonly ChartSeries[]): { series: uPlot.Series[]; bands: uPlot.Band[] } {
  const shapes: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  const bars = series.filter(({ kind }) => kind === 'bars');
  for (const each of series) {
    const token = toneOf(each);
    if (each.kind === 'band') {
      bands.push({ series: [shapes.length, shapes.length + 1], fill: colour(token, '40') });
      shapes.push(edge(), edge());
    } else if (each.kind === 'bars') {
      shapes.push(barsOf(bars.indexOf(each), bars.length, token));
    } else {
      const dash = each.tone === 'second' ? { dash: [5, 4] } : {};
      shapes.push({ stroke: colour(token), width: 1.5, points: dots(token), ...dash });
    }
  }
  return { series: shapes, bands };
}

/** A step that was measured between two that were not is a dot, and no line. */
const dots = (token: string): uPlot.Series.Points => ({
  show: false,
  size: 5,
  fill: colour(token),
  filter: (u, at) => alone(u.data[at] ?? []),
});

/** Of a band only what lies between its edges is seen. */
const edge = (): uPlot.Series => ({ points: { show: false }, width: 0 });

/** Bars of two series stand beside each other, the first at the left of their place. */
function barsOf(at: number, of: number, token: string): uPlot.Series {
  const align = of === 1 ? 0 : at === 0 ? -1 : 1;
  return {
    stroke: colour(token),
    fill: colour(token, at === 0 ? '' : '80'),
    width: 1,
    points: { show: false },
    paths: uPlot.paths.bars?.({ size: [of === 1 ? 0.7 : 0.38, 60], align }) ?? null,
  } as uPlot.Series;
}

const line = { stroke: colour('--line'), width: 1 };

function axisOfX(now: () => Plan): uPlot.Axis {
  const { zone } = now();
  const shared: uPlot.Axis = {
    font: FONT,
    stroke: colour('--quiet'),
    grid: { show: false },
    ticks: { ...line, size: 4 },
    border: { show: true, ...line },
    size: 28,
    gap: 4,
    space: () => roomOf(now()),
  };
  if (zone) return { ...shared, values: (_, splits) => splits.map((at) => clockIn(zone, at * 1000)) };
  return { ...shared, incrs: WHOLE, values: (_, splits) => splits.map((at) => now().names?.[at] ?? '') };
}

/** From one name to the next, px. */
const roomOf = ({ names }: Plan) =>
  names ? 12 + LETTER_PX * Math.max(...names.map(({ length }) => length)) : TIME_PX;

const axisOfY = (now: () => Plan): uPlot.Axis => ({
  font: FONT,
  stroke: colour('--quiet'),
  grid: line,
  ticks: { show: false },
  incrs: WHOLE,
  size: VALUES_PX,
  gap: 4,
  space: 32,
  values: (_, splits) => splits.map((value) => now().format(value)),
});

const onPage = new Set<uPlot>();
/** Between the margins of a sheet of A4. */
const PAPER_PX = 660;

/** Paper is white: for as long as it is printed, a chart has the colours of the light theme and the width of a sheet. */
export function recolourOnPaper(plot: uPlot): () => void {
  onPage.add(plot);
  return () => onPage.delete(plot);
}

let widths = new Map<uPlot, number>();

window.addEventListener('beforeprint', () => {
  document.documentElement.dataset.theme = 'light';
  widths = new Map([...onPage].map((plot) => [plot, plot.width]));
  for (const plot of onPage) plot.setSize({ width: Math.min(PAPER_PX, plot.width), height: plot.height });
});

window.addEventListener('afterprint', () => {
  document.documentElement.dataset.theme = theme.value;
  for (const [plot, width] of widths) if (onPage.has(plot)) plot.setSize({ width, height: plot.height });
});
