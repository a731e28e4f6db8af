// A time that somebody typed, by the clock of the branch, and the names of files.

import type { RowFormat, Rows, Shift } from '../../api/shifts';
import { instantOfText } from '../../data/clock';

export interface Period {
  fromMs: number;
  toMs: number;
  error: 'from' | 'to' | 'order' | 'length' | undefined;
}

/** As far as the server goes. */
const MOST_DAYS = 3660;

export function periodOf(zone: string, from: string, to: string): Period {
  const fromMs = instantOfText(zone, from) ?? Number.NaN;
  const toMs = instantOfText(zone, to) ?? Number.NaN;
  return { fromMs, toMs, error: errorIn(fromMs, toMs) };
}

function errorIn(fromMs: number, toMs: number): Period['error'] {
  if (Number.isNaN(fromMs)) return 'from';
  if (Number.isNaN(toMs)) return 'to';
  if (toMs <= fromMs) return 'order';
  return toMs - fromMs > MOST_DAYS * 86_400_000 ? 'length' : undefined;
}

/** `atalaya-visits-2026-11-22-night.csv`: it sorts, and every file system takes it. */
export function fileOfShift(rows: Rows, { start, name }: Shift, format: RowFormat): string {
  const plain = name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '');
  return `atalaya-${rows}-${start.slice(0, 10)}-${plain}.${format}`;
}

/** `atalaya-visits-20261122T2200-20261123T0400.csv`, by the clock of the branch. */
export function fileOfTime(rows: Rows, from: string, to: string, format: RowFormat): string {
  const plain = (text: string) => text.slice(0, 16).replace(/[-:]/g, '');
  return `atalaya-${rows}-${plain(from)}-${plain(to)}.${format}`;
}
