// The page's one line of facts, worked out of what the server said.

import type { Camera, Summary } from '../api';

/** The running shift of one branch, as the server last told it. */
export interface ShiftNow {
  summary: Summary;
  /** When it is from, ms, if it could not be had since. */
  oldSince?: number;
}

/** By branch. One that is not in it is not known, which is not the same as without visits. */
export type Shifts = ReadonlyMap<number, ShiftNow>;

export interface Facts {
  running: number;
  cameras: number;
  peopleNow: number;
  visits: Visits | undefined;
}

/** Visits of the shifts that run in the branches of the cameras shown. */
export interface Visits {
  count: number;
  /** How many branches are in `count`, and how many there are. */
  counted: number;
  branches: number;
  /** The shift that all of them are in by their own clocks. */
  shift: { name: string; startsAt: string } | undefined;
  /** The oldest part of `count` is from then, ms, if not all of it is new. */
  oldSince: number | undefined;
}

export function factsOf(cameras: readonly Camera[], shifts: Shifts): Facts {
  const running = cameras.filter((camera) => camera.status.state === 'running');
  return {
    running: running.length,
    // One that was switched off by its owner is not missing.
    cameras: cameras.filter((camera) => camera.status.state !== 'stopped').length,
    peopleNow: running.reduce((sum, camera) => sum + camera.status.people_now, 0),
    visits: visitsIn(branchesOf(cameras), shifts),
  };
}

function visitsIn(branches: readonly number[], shifts: Shifts): Visits | undefined {
  const known = branches.map((branch) => shifts.get(branch)).filter((shift) => shift !== undefined);
  const [first, ...others] = known.map(({ summary }) => shiftOf(summary));
  if (!first) return undefined;
  const isCommon = others.every(({ name, startsAt }) => name === first.name && startsAt === first.startsAt);
  const old = known.map(({ oldSince }) => oldSince).filter((since) => since !== undefined);
  return {
    count: known.reduce((sum, { summary }) => sum + summary.visits, 0),
    counted: known.length,
    branches: branches.length,
    shift: isCommon ? first : undefined,
    oldSince: old.length > 0 ? Math.min(...old) : undefined,
  };
}

function shiftOf({ shift }: Summary): { name: string; startsAt: string } {
  return { name: shift.name, startsAt: wallClock(shift.start) };
}

/** The branches that cameras are in, each once. */
export function branchesOf(cameras: readonly Camera[]): number[] {
  return [...new Set(cameras.map((camera) => camera.branch_id))];
}

/** Visits of one camera in the shift of its branch; undefined while the server has not said. */
export function visitsOf(shifts: Shifts, camera: Camera): number | undefined {
  const shift = shifts.get(camera.branch_id);
  if (!shift) return undefined;
  return shift.summary.visits_by_camera.find((entry) => entry.camera === camera.id)?.visits ?? 0;
}

/** Whether a camera shows nothing, and will not until somebody does something. */
export function isOff({ status }: Camera): boolean {
  return status.state === 'stopped' || status.state === 'failed';
}

/** `14:00` of `2025-11-22T14:00:00-03:00`: the clock on the branch's wall, wherever the reader sits. */
export function wallClock(rfc3339: string): string {
  return /T(\d\d:\d\d)/.exec(rfc3339)?.[1] ?? rfc3339;
}

/** The cameras with the last size that is known of each: what is lost keeps its place and shape on the page. */
export function keepSizes(cameras: readonly Camera[], before: readonly Camera[] | undefined): Camera[] {
  return cameras.map((camera) => {
    const last = before?.find(({ id }) => id === camera.id)?.status;
    if (camera.status.width > 0 || !last) return camera;
    return { ...camera, status: { ...camera.status, width: last.width, height: last.height } };
  });
}

/** The shape that all pictures share, else 16:9 with bars: rows of unequal height are hard to scan. */
export function aspectOf(cameras: readonly Camera[]): number {
  const shapes = cameras.map(({ status }) => status).filter(({ width, height }) => width > 0 && height > 0);
  const first = shapes[0];
  if (!first) return 16 / 9;
  const aspect = first.width / first.height;
  return shapes.every(({ width, height }) => Math.abs(width / height - aspect) < 0.02) ? aspect : 16 / 9;
}
