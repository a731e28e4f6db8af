// A chart: shapes by uPlot, words in HTML. What it draws it also says in a sentence and, when asked, in a table.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import { words } from '../i18n';
import { theme } from '../prefs';
import { dataOf, drawing, type Plan, recolourOnPaper } from './plot';
import { Table } from './table';
import { useSize } from './use';

export interface ChartSeries {
  name: string;
  /** `band`: from `low` to `values`. */
  kind: 'line' | 'bars' | 'band';
  /** One for each x; null where it is not known. */
  values: readonly (number | null)[];
  low?: readonly (number | null)[];
  /** What the eye is on, or what it is compared with. */
  tone: 'first' | 'second';
}

export interface ChartProps {
  /** What it shows. */
  label: string;
  /** The same in a sentence with its figures, for those who do not see it. */
  summary: string;
  /** Instants in seconds with `zone`, else `names` has a name for each place. */
  x: readonly number[];
  zone?: string;
  names?: readonly string[];
  /** Of an x, longer than on the axis: for the pointer and the table. */
  nameOf: (at: number) => string;
  /** What the x are called, in the table. */
  xName: string;
  series: readonly ChartSeries[];
  /** A value with its unit. */
  format: (value: number) => string;
  /** The first and last instant, so that the axis stays while time goes on. */
  range?: readonly [number, number];
  heightPx?: number;
  children?: ComponentChildren;
}

const HEIGHT_PX = 200;

export function Chart(props: ChartProps) {
  const { label, summary, children } = props;
  const [asTable, setAsTable] = useState(false);
  const [at, setAt] = useState<number>();
  return (
    <figure class="chart" aria-label={label}>
      <div class="chart-head">
        <Legend {...props} at={asTable ? undefined : at} />
        {children}
        <button type="button" class="link" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {words.value.asTable}
        </button>
      </div>
      <p class="unseen">{summary}</p>
      {asTable ? <Values {...props} /> : <Canvas {...props} onPoint={setAt} />}
    </figure>
  );
}

/** What is which, and under the pointer how much. */
function Legend({ series, format, nameOf, at }: ChartProps & { at: number | undefined }) {
  return (
    <p class="legend">
      {series.map(({ name, kind, tone, values, low }) => (
        <span key={`${name} ${kind}`} class={`${kind} ${tone}`}>
          {name}
          {at !== undefined && <b class="figure"> {said(values[at], low?.[at], format)}</b>}
        </span>
      ))}
      {at !== undefined && <span class="at">{nameOf(at)}</span>}
    </p>
  );
}

function said(
  value: number | null | undefined,
  low: number | null | undefined,
  format: (value: number) => string,
): string {
  if (value === null || value === undefined) return '–';
  return low === undefined || low === null ? format(value) : `${format(low)}–${format(value)}`;
}

function Values({ label, x, nameOf, xName, series, format, heightPx = HEIGHT_PX }: ChartProps) {
  // What nobody knows anything of, such as the hours to come, is not worth a row.
  const rows = x.map((_, at) => at).filter((at) => series.some(({ values }) => values[at] != null));
  return (
    <div class="chart-values" style={{ height: `${heightPx}px` }}>
      <Table
        label={label}
        rows={rows}
        keyOf={(at) => at}
        empty="–"
        columns={[
          { key: 'x', name: xName, cell: nameOf },
          ...series.map(({ name, values, low }, column) => ({
            key: String(column),
            name,
            isNumber: true,
            cell: (at: number) => said(values[at], low?.[at], format),
          })),
        ]}
      />
    </div>
  );
}

function Canvas(props: ChartProps & { onPoint: (at: number | undefined) => void }) {
  const { x, zone, names, series, heightPx = HEIGHT_PX, onPoint } = props;
  const box = useRef<HTMLDivElement>(null);
  const width = Math.floor(useSize(box)?.width ?? 0);
  const plot = useRef<uPlot>(undefined);
  const plan = useRef<Plan>(props);
  plan.current = props;
  // What a drawing cannot change once it is there; the rest flows into it.
  const shape = JSON.stringify([zone, series.map(({ kind, tone }) => [kind, tone]), names?.length]);
  const isLaid = width > 0;
  useEffect(() => {
    if (!box.current || !isLaid) return;
    const made = drawing(box.current, plan, { width, height: heightPx }, onPoint);
    plot.current = made;
    const forget = recolourOnPaper(made);
    return () => {
      forget();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape, isLaid]);
  useEffect(() => {
    if (isLaid) plot.current?.setSize({ width, height: heightPx });
  }, [width]);
  useEffect(() => plot.current?.setData(dataOf(plan.current)), [x, series, names]);
  const colours = theme.value;
  useEffect(() => plot.current?.redraw(false, true), [colours]);
  return <div class="plot" ref={box} aria-hidden="true" style={{ height: `${heightPx}px` }} />;
}
