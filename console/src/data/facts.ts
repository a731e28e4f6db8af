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
