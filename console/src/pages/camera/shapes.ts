// Lines, zones and painted-out areas of a picture as one kind of thing that can be drawn. Pure; points are 0..1 of the
// picture, and distances are reckoned in picture heights, so that they are the same in all directions.

import type { Camera, ParameterValue, Point } from '../../api';
import type { CameraPatch } from '../../api/camera';

export type Kind = 'line' | 'zone' | 'mask';

export interface Shape {
  /** Tells shapes apart while they are renamed and moved. */
  readonly key: number;
  readonly kind: Kind;
  /** Areas that are painted out have none. */
  readonly name: string;
  readonly points: readonly Point[];
  readonly entrance?: boolean;
  readonly max_people?: number;
  readonly dwell_s?: number;
}

/** The parameter that holds what is painted out. */
export const MASK = 'mask';

/** Most corners that the server takes. */
export const MAX_CORNERS = 64;

export const leastPoints = (kind: Kind): number => (kind === 'line' ? 2 : 3);

/** What is drawn on a camera's picture, numbered from 1. */
export function shapesOf(camera: Pick<Camera, 'lines' | 'zones' | 'parameters'>): Shape[] {
  const lines = camera.lines.map(({ name, from, to, entrance }) => ({
    kind: 'line' as const,
    name,
    points: [from, to],
    entrance,
  }));
  const zones = camera.zones.map(({ corners, ...zone }) => ({
    kind: 'zone' as const,
    ...zone,
    points: corners,
  }));
  const masks = masksOf(camera.parameters[MASK]).map((points) => ({
    kind: 'mask' as const,
    name: '',
    points,
  }));
  return [...lines, ...zones, ...masks].map((shape, at) => ({ ...shape, key: at + 1 }));
}

/** `x,y,x,y,…;…` as polygons; what is no polygon is left out. */
export function masksOf(value: ParameterValue | undefined): Point[][] {
  if (typeof value !== 'string') return [];
  return value
    .split(';')
    .map((polygon) => {
      const numbers = polygon.split(',').map(Number);
      const points: Point[] = [];
      for (let at = 0; at + 1 < numbers.length; at += 2) {
        const [x, y] = [numbers[at], numbers[at + 1]];
        if (x !== undefined && y !== undefined && Number.isFinite(x + y)) points.push([x, y]);
      }
      return points;
    })
    .filter((points) => points.length >= 3);
}

/** What of `shapes` is not as in `camera`, as a change to it. */
export function patchOf(
  camera: Pick<Camera, 'lines' | 'zones' | 'parameters'>,
  shapes: readonly Shape[],
): CameraPatch {
  const of = (kind: Kind) => shapes.filter((shape) => shape.kind === kind);
  const lines = of('line').map(({ name, points, entrance }) => ({
    name,
    from: points[0] ?? ([0, 0] as const),
    to: points[1] ?? ([1, 1] as const),
    entrance: entrance ?? false,
  }));
  const zones = of('zone').map(({ name, points, max_people, dwell_s }) => ({
    name,
    corners: points,
    ...(max_people === undefined ? {} : { max_people }),
    ...(dwell_s === undefined ? {} : { dwell_s }),
  }));
  const masks = of('mask').map(({ points }) => points);
  const patch: CameraPatch = {};
  if (!same(lines, camera.lines)) patch.lines = lines;
  if (!same(zones, camera.zones)) patch.zones = zones;
  if (!same(masks, masksOf(camera.parameters[MASK]))) {
    patch.parameters = {
      [MASK]: masks.length === 0 ? null : masks.map((mask) => mask.flat().join(',')).join(';'),
    };
  }
  return patch;
}

/** Whether two values say the same, whatever the order of their keys. */
export function same(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || !one || !other) return one === other;
  const [a, b] = [one as Record<string, unknown>, other as Record<string, unknown>];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => same(a[key], b[key]));
}

/** On the picture, and with no more digits than it has pixels. */
export function within([x, y]: Point): Point {
  const clamp = (n: number) => Math.round(Math.min(1, Math.max(0, n)) * 10_000) / 10_000;
  return [clamp(x), clamp(y)];
}

export const movePoint = (shape: Shape, at: number, to: Point): Shape => ({
  ...shape,
  points: shape.points.map((point, index) => (index === at ? within(to) : point)),
});

/** All of it, by as much as keeps it on the picture. */
export function moveBy(shape: Shape, dx: number, dy: number): Shape {
  const bounded = (by: number, values: readonly number[]) =>
    Math.min(1 - Math.max(...values), Math.max(-Math.min(...values), by));
  const [byX, byY] = [
    bounded(
      dx,
      shape.points.map(([x]) => x),
    ),
    bounded(
      dy,
      shape.points.map(([, y]) => y),
    ),
  ];
  return { ...shape, points: shape.points.map(([x, y]) => within([x + byX, y + byY])) };
}

/** A corner behind the one at `after`; a line has its two ends and no more. */
export function addPoint(shape: Shape, after: number, point?: Point): Shape {
  if (shape.kind === 'line' || shape.points.length >= MAX_CORNERS) return shape;
  const [a, b] = [shape.points[after], shape.points[(after + 1) % shape.points.length]];
  if (!a || !b) return shape;
  const fresh = within(point ?? [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
  return { ...shape, points: [...shape.points.slice(0, after + 1), fresh, ...shape.points.slice(after + 1)] };
}

/** Without a corner; undefined: too few are left. */
export function removePoint(shape: Shape, at: number): Shape | undefined {
  if (shape.points.length <= leastPoints(shape.kind)) return undefined;
  return { ...shape, points: shape.points.filter((_, index) => index !== at) };
}

/** In becomes out. */
export const turned = (shape: Shape): Shape => ({ ...shape, points: [...shape.points].reverse() });

/** The side of an outline that is nearest to a point: the corner it begins at, and how far it is, picture heights. */
export function nearestSide(shape: Shape, point: Point, aspect: number): { at: number; distance: number } {
  const { points, kind } = shape;
  const sides = kind === 'line' ? 1 : points.length;
  let best = { at: 0, distance: Number.POSITIVE_INFINITY };
  for (let at = 0; at < sides; at += 1) {
    const [a, b] = [points[at], points[(at + 1) % points.length]];
    if (!a || !b) continue;
    const [px, py] = [(point[0] - a[0]) * aspect, point[1] - a[1]];
    const [dx, dy] = [(b[0] - a[0]) * aspect, b[1] - a[1]];
    const length2 = dx * dx + dy * dy;
    const share = length2 > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / length2)) : 0;
    const distance = Math.hypot(px - share * dx, py - share * dy);
    if (distance < best.distance) best = { at, distance };
  }
  return best;
}

/** Towards the side that is `in`, one picture height long: the right of the way from first to second point. */
export function inward(shape: Shape, aspect: number): Point {
  const [a, b] = shape.points;
  if (!a || !b) return [0, 0];
  const [dx, dy] = [(b[0] - a[0]) * aspect, b[1] - a[1]];
  const length = Math.hypot(dx, dy) || 1;
  // With y pointing down, the right of (dx, dy) is (-dy, dx).
  return [-dy / length / aspect, dx / length];
}

export function isInside(points: readonly Point[], [x, y]: Point): boolean {
  let inside = false;
  for (let at = 0; at < points.length; at += 1) {
    const [a, b] = [points[at], points[(at + 1) % points.length]];
    if (!a || !b || a[1] > y === b[1] > y) continue;
    if (x < a[0] + ((y - a[1]) / (b[1] - a[1])) * (b[0] - a[0])) inside = !inside;
  }
  return inside;
}

export type Flaw = 'unnamed' | 'twice' | 'few' | 'crossed' | 'pointless';

/** What the server would refuse, by shape. */
export function flawsOf(shapes: readonly Shape[]): Map<number, Flaw> {
  const flaws = new Map<number, Flaw>();
  for (const shape of shapes) {
    const flaw = flawOf(shape, shapes);
    if (flaw) flaws.set(shape.key, flaw);
  }
  return flaws;
}

function flawOf(shape: Shape, all: readonly Shape[]): Flaw | undefined {
  const { kind, name, points, key } = shape;
  if (points.length < leastPoints(kind)) return 'few';
  if (kind !== 'mask') {
    if (name.trim() === '') return 'unnamed';
    if (all.some((other) => other.key !== key && other.kind === kind && other.name === name)) return 'twice';
  }
  const next = (at: number) => points[(at + 1) % points.length];
  if (points.some((point, at) => same(point, next(at)))) return 'pointless';
  return kind !== 'line' && crossesItself(points) ? 'crossed' : undefined;
}

function crossesItself(points: readonly Point[]): boolean {
  const count = points.length;
  const side = (at: number) => [points[at % count], points[(at + 1) % count]] as const;
  for (let one = 0; one < count; one += 1) {
    for (let other = one + 2; other < count; other += 1) {
      if (one === 0 && other === count - 1) continue;
      const [[a, b], [c, d]] = [side(one), side(other)];
      if (a && b && c && d && meet(a, b, c, d)) return true;
    }
  }
  return false;
}

function meet(a: Point, b: Point, c: Point, d: Point): boolean {
  const turn = (p: Point, q: Point, r: Point) =>
    Math.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]));
  return turn(a, b, c) !== turn(a, b, d) && turn(c, d, a) !== turn(c, d, b);
}
