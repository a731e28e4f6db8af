// Shifts: their list, their figures, what they are compared with, and the rows behind them.

import { BASE, json, page, query, request } from './http';

export interface Shift {
  id: number;
  branch_id: number;
  name: string;
  /** RFC 3339 with the offset of the branch, as are all times of a shift. */
  start: string;
  /** First instant of the next shift. */
  end: string;
}

/** What of a branch: all of it, a sector, or what one camera saw. */
export interface Scope {
  sector_id?: number;
  camera?: string;
}

/** How often something was said of people; `share` is of the visits of which anything was said in this respect. */
export interface ValueCount {
  value: string;
  count: number;
  share: number;
}

export interface Peak {
  people: number;
  /** Begin of the first minute with so many. */
  at: string;
}

export interface ShiftSummary {
  shift: Shift;
  visits: number;
  /** Of one camera its distinct people; else entries over entrances, null when there is none. */
  unique_people: number | null;
  dwell_median_s: number | null;
  dwell_p95_s: number | null;
  occupancy_peak: (Peak & { camera: string }) | null;
  visits_by_hour: { start: string; visits: number }[];
  visits_by_camera: { camera: string; visits: number; unique_people: number; occupancy_peak: Peak | null }[];
  lines: { camera: string; line: string; entrance: boolean; entries: number; exits: number }[];
  zones: {
    camera: string;
    zone: string;
    stays: number;
    dwell_median_s: number | null;
    dwell_p95_s: number | null;
  }[];
  garments: ValueCount[];
  colors: ValueCount[];
  accessories: ValueCount[];
  bags: ValueCount[];
  ages: ValueCount[];
  age_mean: number | null;
}

/** What shifts are compared by; of means and of parts of shifts there are fractions. */
export interface KeyFigures {
  visits: number;
  unique_people: number | null;
  entries: number;
  exits: number;
  dwell_median_s: number | null;
  dwell_p95_s: number | null;
  occupancy_peak: number | null;
}

export interface Comparison {
  summary: ShiftSummary;
  figures: KeyFigures;
  /** While it runs, the others are counted until as long after their start. */
  running: boolean;
  elapsed_s: number;
  previous: { shift: Shift; figures: KeyFigures } | null;
  mean: { shifts: number; figures: KeyFigures } | null;
}

/** People before any one camera in a minute; null where nothing was measured. */
export interface PeoplePoint {
  start: string;
  min: number | null;
  mean: number | null;
  max: number | null;
}

/** A shift's id, or the one that runs now. */
export type ShiftId = number | 'current';

const LIST_LIMIT = 100;

/** What the server adds up and draws for one page takes longer than what it only looks up. */
const WITHIN_MS = 20_000;

const shiftPath = (id: ShiftId) => `/shifts/${id}`;
/** Only the running shift has to be told of which branch. */
const of = (id: ShiftId, branch: number) => (id === 'current' ? { branch_id: branch } : {});

export const listShifts = (branch: number, cursor?: string, limit = LIST_LIMIT) =>
  page<Shift>('/shifts', { branch_id: branch, limit, cursor });

export const comparison = (id: ShiftId, branch: number, scope: Scope, signal: AbortSignal) =>
  json<Comparison>(
    `${shiftPath(id)}/comparison${query({ ...of(id, branch), ...scope })}`,
    { signal },
    WITHIN_MS,
  );

export const summary = (id: number, scope: Scope, signal: AbortSignal) =>
  json<ShiftSummary>(`${shiftPath(id)}/summary${query({ ...scope })}`, { signal }, WITHIN_MS);

/** People by the minute; without `to` until now. */
export async function peopleByMinute(
  branch: number,
  from: string,
  to: string | undefined,
  scope: Scope,
  signal: AbortSignal,
): Promise<PeoplePoint[]> {
  const asked = { measure: 'occupancy', step: 'minute', branch_id: branch, from, to, ...scope };
  return (await json<{ points: PeoplePoint[] }>(`/series${query(asked)}`, { signal }, WITHIN_MS)).points;
}

/** Where people stood before a camera; over its picture, or on a ground of its own. */
export async function heatmap(
  camera: string,
  shift: number,
  background: 'none' | 'plain',
  signal: AbortSignal,
): Promise<Blob> {
  const path = `${BASE}/cameras/${encodeURIComponent(camera)}/heatmap.png${query({ shift, background })}`;
  return (await request(path, { signal }, WITHIN_MS)).blob();
}

/** What can be exported. */
export const ROWS = ['visits', 'crossings', 'stays', 'occupancy'] as const;
export type Rows = (typeof ROWS)[number];
export type RowFormat = 'csv' | 'ndjson';

/** Where a shift's rows are; `open`: only visits that go on, or only those that are over. */
export const shiftRows = (shift: number, rows: Rows, format: RowFormat, scope: Scope & { open?: boolean }) =>
  `${BASE}${shiftPath(shift)}/export.${format}${query({ of: rows, ...scope })}`;

/** Where the rows of a time are; both ends RFC 3339. */
export const timeRows = (
  branch: number,
  from: string,
  to: string,
  rows: Rows,
  format: RowFormat,
  scope: Scope,
) => `${BASE}/export/${rows}.${format}${query({ branch_id: branch, from, to, ...scope })}`;
