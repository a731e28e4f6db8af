// Counts who crosses a line or stands in a zone that is only drawn yet, by the server's own rules: a foot is where the
// middle of a box's lower edge is, one that trembles on a border has not crossed it. Pure; the server's figures are of
// `src/visit/line.rs` and `observer.rs`.

import type { Point } from '../../api';
import { isInside, type Shape } from './shapes';

/** A box in one frame, as the server tells it. */
export interface Seen {
  track: number | null;
  label: string;
  /** `[x, y, width, height]` in pixels. */
  box: readonly [number, number, number, number];
}

export interface Sight {
  pts_ms: number;
  width: number;
  height: number;
  detections: readonly Seen[];
}

export interface Crossing {
  key: number;
  direction: 'in' | 'out';
  track: number;
}

export interface Tally {
  in: number;
  out: number;
  /** People in it now, of a zone. */
  inside: number;
}

/** Nearer than this to a border, a foot may be on either side: of the box's height, and at least of the picture's. */
const MARGIN_OF_HEIGHT = 0.05;
const MIN_MARGIN = 0.004;
const SETTLE_MS = 200;
/** People count once they were seen for this long. */
const MIN_STAY_MS = 500;
/** Who was not seen for this long is gone. */
const QUIET_MS = 10_000;

interface Watch {
  side: number;
  last: Point | undefined;
  passages: number;
  beyondSince: number | undefined;
}

interface Person {
  since: number;
  seen: number;
  watches: Map<number, Watch>;
  held: Crossing[];
}

export class Counter {
  readonly tallies = new Map<number, Tally>();
  private people = new Map<number, Person>();
  private newest = 0;

  /** Takes a frame; tells who has crossed what by it. */
  see(sight: Sight, shapes: readonly Shape[]): Crossing[] {
    // Tracks begin anew with the camera.
    if (sight.pts_ms < this.newest) this.people.clear();
    this.newest = sight.pts_ms;
    const { width, height } = sight;
    const aspect = width / height;
    for (const shape of shapes) if (shape.kind === 'zone') this.tally(shape.key).inside = 0;
    const told: Crossing[] = [];
    for (const { track, label, box } of sight.detections) {
      if (track === null || label !== 'person') continue;
      const person = this.person(track, sight.pts_ms);
      const foot: Point = [(box[0] + box[2] / 2) / width, (box[1] + box[3]) / height];
      const margin = Math.max((box[3] / height) * MARGIN_OF_HEIGHT, MIN_MARGIN);
      for (const shape of shapes) {
        if (shape.kind === 'zone' && isInside(shape.points, foot)) this.tally(shape.key).inside += 1;
        if (shape.kind !== 'line') continue;
        const direction = step(watchOf(person, shape.key), shape, foot, aspect, margin, sight.pts_ms);
        if (direction) person.held.push({ key: shape.key, direction, track });
      }
      if (sight.pts_ms - person.since >= MIN_STAY_MS) told.push(...person.held.splice(0));
    }
    for (const [track, { seen }] of this.people) {
      if (sight.pts_ms - seen > QUIET_MS) this.people.delete(track);
    }
    for (const { key, direction } of told) this.tally(key)[direction] += 1;
    return told;
  }

  /** A shape was moved: which side somebody is on has to be found out again. */
  forget(key: number): void {
    for (const { watches } of this.people.values()) watches.delete(key);
  }

  private tally(key: number): Tally {
    let tally = this.tallies.get(key);
    if (!tally) {
      tally = { in: 0, out: 0, inside: 0 };
      this.tallies.set(key, tally);
    }
    return tally;
  }

  private person(track: number, at: number): Person {
    let person = this.people.get(track);
    if (!person) {
      person = { since: at, seen: at, watches: new Map(), held: [] };
      this.people.set(track, person);
    }
    person.seen = at;
    return person;
  }
}

function watchOf({ watches }: Person, key: number): Watch {
  let watch = watches.get(key);
  if (!watch) {
    watch = { side: 0, last: undefined, passages: 0, beyondSince: undefined };
    watches.set(key, watch);
  }
  return watch;
}

function step(
  watch: Watch,
  line: Shape,
  foot: Point,
  aspect: number,
  margin: number,
  at: number,
): 'in' | 'out' | undefined {
  const [a, b] = line.points;
  if (!a || !b) return undefined;
  const [dx, dy] = [(b[0] - a[0]) * aspect, b[1] - a[1]];
  const length = Math.hypot(dx, dy);
  if (length === 0) return undefined;
  const offset = ([x, y]: Point) => (dx * (y - a[1]) - dy * (x - a[0]) * aspect) / length;
  const now = offset(foot);
  const here = now >= 0 ? 1 : -1;
  const { last } = watch;
  watch.last = foot;
  if (last) {
    const before = offset(last);
    if (before >= 0 !== now >= 0) {
      const share = before / (before - now);
      const [x, y] = [last[0] + share * (foot[0] - last[0]), last[1] + share * (foot[1] - last[1])];
      const along = (x - a[0]) * aspect * dx + (y - a[1]) * dy;
      if (along >= 0 && along <= length * length) watch.passages += here;
    }
  }
  if (Math.abs(now) <= margin) return undefined;
  if (watch.side === 0 || watch.side === here) {
    [watch.side, watch.passages, watch.beyondSince] = [here, 0, undefined];
    return undefined;
  }
  watch.beyondSince ??= at;
  if (at - watch.beyondSince < SETTLE_MS) return undefined;
  const isCrossing = watch.passages * here > 0;
  [watch.side, watch.passages, watch.beyondSince] = [here, 0, undefined];
  return isCrossing ? (here > 0 ? 'in' : 'out') : undefined;
}
