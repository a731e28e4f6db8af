// What the parts of the page speak about, and how its address says so.

import type { Comparison, Rows, Scope, Shift, ShiftId } from '../../api/shifts';
import type { Branch } from '../../data/branches';
import { clockIn, dayIn } from '../../data/clock';
import { wallClock } from '../../data/facts';
import { shiftName } from '../../i18n';
import { href } from '../../routes';
import { say } from './words';

export interface View {
  branch: Branch;
  scope: Scope;
  /** The shift that the page is about. */
  first: Comparison;
  /** The one that was put beside it. */
  second: Comparison | undefined;
  /** Offers to save such rows. */
  onExport: (rows: Rows) => void;
}

/** What is chosen on the page. */
export interface Choice {
  id: ShiftId;
  beside: number | undefined;
  camera: string | undefined;
  sector: number | undefined;
  /** The camera whose heat is shown. */
  heat: string | undefined;
}

export function chosen(rest: readonly string[], query: URLSearchParams): Choice {
  const id = wholeNumber(rest[0]);
  return {
    id: id ?? 'current',
    beside: wholeNumber(query.get('with')),
    camera: query.get('camera') ?? undefined,
    sector: wholeNumber(query.get('sector')),
    heat: query.get('heat') ?? undefined,
  };
}

function wholeNumber(text: string | null | undefined): number | undefined {
  return text && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

export function addressOf({ id, beside, camera, sector, heat }: Choice): string {
  const rest = id === 'current' ? [] : [id];
  return href('shifts', rest, { with: beside === id ? undefined : beside, camera, sector, heat });
}

/** As the API takes it: keys that are not given must not be there. */
export function scopeOf({ camera, sector }: Choice): Scope {
  if (camera) return { camera };
  return sector ? { sector_id: sector } : {};
}

/** `Sun 22 Nov`: the day on which it began. */
export const shiftDay = (shift: Shift, zone: string) => dayIn(zone, Date.parse(shift.start), Date.now());

/** `night, Sun 22 Nov`. */
export const shiftTitle = (shift: Shift, zone: string) =>
  `${shiftName(shift.name)}, ${shiftDay(shift, zone)}`;

/** That the shift beside is not at the hours which the axis has, where it began at another one. */
export function clockNote({ first, second }: View): string | undefined {
  const theirs = wallClock(second?.summary.shift.start ?? first.summary.shift.start);
  return theirs === wallClock(first.summary.shift.start) ? undefined : say.value.fromItsStart(theirs);
}

/** `22:00–06:00`. */
export const shiftHours = ({ start, end }: Shift, zone: string) =>
  `${clockIn(zone, Date.parse(start))}–${clockIn(zone, Date.parse(end))}`;
