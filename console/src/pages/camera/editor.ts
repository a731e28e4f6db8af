// What is being drawn on a picture: the shapes as they would be saved, which one is chosen, and the way back.

import { computed, signal } from '@preact/signals';
import type { Camera, Point } from '../../api';
import type { CameraPatch } from '../../api/camera';
import {
  flawsOf,
  type Kind,
  leastPoints,
  MAX_CORNERS,
  movePoint,
  patchOf,
  removePoint,
  type Shape,
  shapesOf,
  within,
} from './shapes';

/** One shape, or one point of it. */
export interface Chosen {
  key: number;
  point?: number;
  /** The keyboard goes there from wherever it is. */
  takesFocus?: boolean;
}

/** What is drawn and not finished. */
export interface Drawing {
  kind: Kind;
  points: readonly Point[];
  /** Where the pointer is: the point that a click would set. */
  next?: Point;
}

/** Points nearer than this, of the picture, are one. */
const TOO_NEAR = 0.005;

type Description = Pick<Camera, 'lines' | 'zones' | 'parameters'>;

/** Steps that can be taken back. */
const MOST_STEPS = 100;

export class Editor {
  readonly shapes = signal<readonly Shape[]>([]);
  readonly chosen = signal<Chosen | undefined>(undefined);
  readonly drawing = signal<Drawing | undefined>(undefined);
  readonly saved = signal<Description>({ lines: [], zones: [], parameters: {} });
  readonly patch = computed<CameraPatch>(() => patchOf(this.saved.value, this.shapes.value));
  readonly isChanged = computed(() => Object.keys(this.patch.value).length > 0);
  readonly flaws = computed(() => flawsOf(this.shapes.value));
  readonly steps = signal(0);
  private past: (readonly Shape[])[] = [];
  private lastKey = 0;
  /** A name for what is drawn next: `line 1`. */
  nameFor: (kind: Kind, number: number) => string = (kind, number) => `${kind} ${number}`;

  /** Begins anew with what the server has; what was drawn and not saved is gone. */
  load(camera: Description): void {
    const keep = this.chosenShape();
    this.saved.value = camera;
    this.shapes.value = shapesOf(camera);
    this.lastKey = this.shapes.value.length;
    this.past = [];
    this.steps.value = 0;
    this.drawing.value = undefined;
    // The same shape stays chosen, though its number may be another now.
    const again = this.shapes.value.find(({ kind, name }) => kind === keep?.kind && name === keep.name);
    this.chosen.value = again && keep && keep.kind !== 'mask' ? { key: again.key } : undefined;
  }

  /** Whether something is drawn, finished or not, that would be lost. */
  isUnsaved(): boolean {
    return this.isChanged.value || (this.drawing.value?.points.length ?? 0) > 0;
  }

  chosenShape(): Shape | undefined {
    return this.shapes.value.find(({ key }) => key === this.chosen.value?.key);
  }

  /** Remembers how it is, as the next changes are one step: a drag has many. */
  mark(): void {
    if (this.past.at(-1) === this.shapes.value) return;
    this.past = [...this.past.slice(-MOST_STEPS + 1), this.shapes.value];
    this.steps.value = this.past.length;
  }

  undo(): void {
    let before = this.past.pop();
    // A drag that moved nothing left a mark of what is there.
    if (before === this.shapes.value) before = this.past.pop();
    this.steps.value = this.past.length;
    if (!before) return;
    this.shapes.value = before;
    if (!this.chosenShape()) this.chosen.value = undefined;
  }

  /** Puts another shape in the place of the one with its key; a step of its own unless `isDrag`. */
  put(shape: Shape, isDrag = false): void {
    if (!isDrag) this.mark();
    this.shapes.value = this.shapes.value.map((one) => (one.key === shape.key ? shape : one));
  }

  remove(key: number): void {
    this.mark();
    this.shapes.value = this.shapes.value.filter((shape) => shape.key !== key);
    if (this.chosen.value?.key === key) this.chosen.value = undefined;
  }

  /** Deletes a point; of a shape that has no point to spare, the whole of it. */
  removePoint(shape: Shape, at: number): void {
    const less = removePoint(shape, at);
    if (less) {
      this.put(less);
      this.chosen.value = { key: shape.key, point: Math.min(at, less.points.length - 1) };
    } else {
      this.remove(shape.key);
    }
  }

  movePoint(shape: Shape, at: number, to: Point, isDrag = false): void {
    this.put(movePoint(shape, at, to), isDrag);
  }

  begin(kind: Kind): void {
    this.chosen.value = undefined;
    this.drawing.value = { kind, points: [] };
  }

  /** Sets the next point of what is drawn; a line is finished by its second. */
  addPoint(point: Point): void {
    const drawing = this.drawing.value;
    if (!drawing) return;
    // A double click is two clicks on one place.
    const last = drawing.points.at(-1);
    if (last && Math.hypot(last[0] - point[0], last[1] - point[1]) < TOO_NEAR) return;
    const points = [...drawing.points, within(point)];
    this.drawing.value = { kind: drawing.kind, points };
    if (drawing.kind === 'line' ? points.length === 2 : points.length >= MAX_CORNERS) this.finish();
  }

  hover(next: Point): void {
    const drawing = this.drawing.value;
    if (drawing) this.drawing.value = { ...drawing, next: within(next) };
  }

  /** Closes the outline; what has too few points goes on. */
  finish(): void {
    const drawing = this.drawing.value;
    if (!drawing || drawing.points.length < leastPoints(drawing.kind)) return;
    this.drawing.value = undefined;
    this.add(drawing.kind, drawing.points);
  }

  cancel(): void {
    this.drawing.value = undefined;
  }

  /** A shape in the middle, for those who do not draw with a pointer. */
  addDefault(kind: Kind): void {
    this.cancel();
    const line: Point[] = [
      [0.3, 0.6],
      [0.7, 0.6],
    ];
    const box: Point[] = [
      [0.35, 0.35],
      [0.65, 0.35],
      [0.65, 0.65],
      [0.35, 0.65],
    ];
    this.add(kind, kind === 'line' ? line : box);
    this.chosen.value = { key: this.lastKey, point: 0, takesFocus: true };
  }

  private add(kind: Kind, points: readonly Point[]): void {
    this.mark();
    this.lastKey += 1;
    const shape: Shape = { key: this.lastKey, kind, name: this.freeName(kind), points };
    this.shapes.value = [...this.shapes.value, kind === 'line' ? { ...shape, entrance: false } : shape];
    this.chosen.value = { key: shape.key };
  }

  private freeName(kind: Kind): string {
    if (kind === 'mask') return '';
    const taken = new Set(this.shapes.value.filter((shape) => shape.kind === kind).map(({ name }) => name));
    for (let number = 1; ; number += 1) {
      const name = this.nameFor(kind, number);
      if (!taken.has(name)) return name;
    }
  }
}
