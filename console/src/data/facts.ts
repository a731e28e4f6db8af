// The page's one line of facts, worked out of what the server said.

import type { Camera, Summary } from '../api';

export interface Facts {
  running: number;
  cameras: number;
  peopleNow: number;
  visits: number | undefined;
  shift: { name: string; startsAt: string } | undefined;
}

export function factsOf(cameras: readonly Camera[], summary: Summary | undefined): Facts {
  const running = cameras.filter((camera) => camera.status.state === 'running');
  return {
    running: running.length,
    // One that was switched off by its owner is not missing.
    cameras: cameras.filter((camera) => camera.status.state !== 'stopped').length,
    peopleNow: running.reduce((sum, camera) => sum + camera.status.people_now, 0),
    visits: summary?.visits,
    shift: summary && { name: summary.shift.name, startsAt: wallClock(summary.shift.start) },
  };
}

/** Visits of one camera in the shift; undefined before the server said. */
export function visitsOf(summary: Summary | undefined, camera: string): number | undefined {
  if (!summary) return undefined;
  return summary.visits_by_camera.find((entry) => entry.camera === camera)?.visits ?? 0;
}

/** `14:00` of `2025-11-22T14:00:00-03:00`: the clock on the branch's wall, wherever the reader sits. */
export function wallClock(rfc3339: string): string {
  return /T(\d\d:\d\d)/.exec(rfc3339)?.[1] ?? rfc3339;
}

/** The shape that all pictures share, else 16:9 with bars: rows of unequal height are hard to scan. */
export function aspectOf(cameras: readonly Camera[]): number {
  const shapes = cameras.map(({ status }) => status).filter(({ width, height }) => width > 0 && height > 0);
  const first = shapes[0];
  if (!first) return 16 / 9;
  const aspect = first.width / first.height;
  return shapes.every(({ width, height }) => Math.abs(width / height - aspect) < 0.02) ? aspect : 16 / 9;
}
