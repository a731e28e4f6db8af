// A table that stays quick with ten thousand rows: only those on screen are in the page. All rows are of one height.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useSize } from './use';

export interface Column<T> {
  key: string;
  name: string;
  cell: (row: T) => ComponentChildren;
  /** Numbers stand at the right, so that their digits are below each other. */
  isNumber?: boolean;
  /** A width in CSS; without one the column takes what is left. */
  width?: string;
  /** Left out where there is little room. */
  minor?: boolean;
}

interface TableProps<T> {
  /** What it lists, for screen readers. */
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string | number;
  /** Shown instead of no rows. */
  empty: ComponentChildren;
  /** Called when the last rows come into sight: then more can be asked for. */
  onEnd?: () => void;
}

const ROW_PX = 32;
/** Rows above and below the visible ones, so that a turn of the wheel shows no gap. */
const SPARE = 12;
/** Below this many rows all are in the page: then the browser's own search finds them, and printing prints them. */
const ALL = 200;

export function Table<T>({ label, columns, rows, keyOf, empty, onEnd }: TableProps<T>) {
  const box = useRef<HTMLElement>(null);
  const height = useSize(box)?.height ?? 600;
  const [top, setTop] = useState(0);
  const isLong = rows.length > ALL;
  const first = isLong ? Math.max(0, Math.floor(top / ROW_PX) - SPARE) : 0;
  const last = isLong ? Math.min(rows.length, Math.ceil((top + height) / ROW_PX) + SPARE) : rows.length;
  const isAtEnd = top + height > (rows.length - SPARE) * ROW_PX;
  useEffect(() => {
    if (isAtEnd) onEnd?.();
  }, [isAtEnd, rows.length]);
  if (rows.length === 0) return <div class="no-rows">{empty}</div>;
  return (
    <section
      class="table"
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard
      tabIndex={0}
      aria-label={label}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <table aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <th key={column.key} scope="col" class={classOf(column)} style={{ width: column.width }}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <Room rows={first} columns={columns.length} />}
          {rows.slice(first, last).map((row, at) => (
            <tr key={keyOf(row)} aria-rowindex={first + at + 2}>
              {columns.map((column) => (
                <td key={column.key} class={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
          {last < rows.length && <Room rows={rows.length - last} columns={columns.length} />}
        </tbody>
      </table>
    </section>
  );
}

const classOf = <T,>({ isNumber, minor }: Column<T>) =>
  [isNumber && 'number', minor && 'minor'].filter(Boolean).join(' ') || undefined;

/** The height of rows that are not in the page. */
function Room({ rows, columns }: { rows: number; columns: number }) {
  return (
    <tr>
      <td colSpan={columns} class="room" style={{ height: `${rows * ROW_PX}px` }} />
    </tr>
  );
}
