// Lines, zones and painted-out areas upon the picture, to be seen, and to be drawn and moved by pointer and keyboard.

import type { RefObject, TargetedPointerEvent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Point } from '../../api';
import { useSize } from '../../components/use';
import type { Tally } from './crossings';
import type { Editor } from './editor';
import { addPoint, inward, type Kind, moveBy, nearestSide, type Shape } from './shapes';
import { cameraWords } from './words';

interface SketchProps {
  editor: Editor;
  /** What can be changed, and what else is seen. */
  kinds: readonly Kind[];
  shown: readonly Kind[];
  /** Size of the picture, px. */
  width: number;
  height: number;
  /** What was counted, in a test. */
  tallies: ReadonlyMap<number, Tally> | undefined;
  /** Lines that were crossed a moment ago. */
  flashing: ReadonlySet<number>;
}

/** How a step of an arrow key moves a point: a hundredth of the picture, with Shift five. */
const STEP = 0.01;
const LONG_STEP = 0.05;

/** How near a click has to be, px of the screen. */
const NEAR_PX = 10;

/** What the pointer holds, as it was when it was taken. */
interface Grip {
  /** Undefined: the whole shape. */
  point: number | undefined;
  from: Point;
  shape: Shape;
}

export function Sketch({ editor, kinds, shown, width, height, tallies, flashing }: SketchProps) {
  const svg = useRef<SVGSVGElement>(null);
  const size = useSize(svg as RefObject<Element | null>);
  // Handles and letters are of one size on the screen, whatever that of the picture.
  const scale = size ? Math.max(width / size.width, height / size.height) : 1;
  const gestures = useGestures(svg, editor, kinds, {
    aspect: width / height,
    near: (NEAR_PX * scale) / height,
  });
  // Lines are drawn last: their arrows and words lie upon areas.
  const visible = editor.shapes.value
    .filter(({ kind }) => shown.includes(kind))
    .sort((a, b) => Number(a.kind === 'line') - Number(b.kind === 'line'));
  const drawing = editor.drawing.value;
  useFocus(svg, editor);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a drawing is a group without a fieldset's looks
    <svg
      ref={svg}
      class={`sketch ${drawing ? 'drawing' : ''}`}
      viewBox={`0 0 ${width} ${height}`}
      role="group"
      aria-label={cameraWords.value.drawnOn}
      {...gestures}
    >
      {visible.map((shape) => (
        <Drawn
          key={shape.key}
          shape={shape}
          editor={editor}
          width={width}
          height={height}
          scale={scale}
          isOpen={kinds.includes(shape.kind) && !drawing}
          tally={tallies?.get(shape.key)}
          flashes={flashing.has(shape.key)}
        />
      ))}
      {drawing && <Unfinished {...drawing} width={width} height={height} scale={scale} />}
    </svg>
  );
}

/** What a pointer does: sets points while something is drawn, else takes hold of shapes and points. */
function useGestures(
  svg: RefObject<SVGSVGElement | null>,
  editor: Editor,
  kinds: readonly Kind[],
  { aspect, near }: { aspect: number; near: number },
) {
  const grip = useRef<Grip | undefined>(undefined);
  const at = pointAt(svg);
  const onPointerDown = (event: TargetedPointerEvent<SVGSVGElement>) => {
    if (event.button !== 0 || editor.drawing.value) return;
    const hit = hitOf(event.target, editor);
    if (!hit || !kinds.includes(hit.shape.kind)) {
      editor.chosen.value = undefined;
      return;
    }
    const { shape, point } = hit;
    editor.chosen.value = point === undefined ? { key: shape.key } : { key: shape.key, point };
    editor.mark();
    grip.current = { point, from: at(event), shape };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: TargetedPointerEvent<SVGSVGElement>) => {
    const [x, y] = at(event);
    const held = grip.current;
    if (editor.drawing.value) editor.hover([x, y]);
    else if (held?.point !== undefined) editor.movePoint(held.shape, held.point, [x, y], true);
    else if (held) editor.put(moveBy(held.shape, x - held.from[0], y - held.from[1]), true);
  };
  const letGo = () => {
    grip.current = undefined;
  };
  const onClick = (event: MouseEvent) => {
    const drawing = editor.drawing.value;
    if (!drawing) return;
    const point = at(event);
    const [first] = drawing.points;
    const isClosing = first && drawing.points.length >= 3 && distance(first, point, aspect) < near;
    if (isClosing) editor.finish();
    else editor.addPoint(point);
  };
  const onDblClick = (event: MouseEvent) => {
    const shape = editor.chosenShape();
    if (editor.drawing.value) editor.finish();
    else if (shape && kinds.includes(shape.kind)) {
      const point = at(event);
      const side = nearestSide(shape, point, aspect);
      if (side.distance < near) editor.put(addPoint(shape, side.at, point));
    }
  };
  return { onPointerDown, onPointerMove, onPointerUp: letGo, onPointerCancel: letGo, onClick, onDblClick };
}

/** Where on the picture a pointer is. */
const pointAt =
  (svg: RefObject<SVGSVGElement | null>) =>
  (event: { clientX: number; clientY: number }): Point => {
    const matrix = svg.current?.getScreenCTM();
    const box = svg.current?.viewBox.baseVal;
    if (!matrix || !box) return [0, 0];
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    return [x / box.width, y / box.height];
  };

const distance = (a: Point, b: Point, aspect: number) => Math.hypot((a[0] - b[0]) * aspect, a[1] - b[1]);

/** The shape, or point of it, that an event is about. */
function hitOf(target: EventTarget | null, editor: Editor) {
  if (!(target instanceof Element)) return undefined;
  const { key, point } = (target.closest('[data-key]') as SVGElement | null)?.dataset ?? {};
  const shape = editor.shapes.value.find((one) => one.key === Number(key));
  return shape && { shape, point: point === undefined ? undefined : Number(point) };
}

/** A point that was chosen by keyboard has the focus, and keeps it when points are added and taken away. */
function useFocus(svg: RefObject<SVGSVGElement | null>, editor: Editor): void {
  const chosen = editor.chosen.value;
  useEffect(() => {
    if (chosen?.point === undefined || !svg.current) return;
    const active = document.activeElement;
    const { takesFocus = false } = chosen;
    if (!takesFocus && active !== document.body && !svg.current.contains(active)) return;
    const handle = svg.current.querySelector(`[data-key="${chosen.key}"][data-point="${chosen.point}"]`);
    if (handle !== active) (handle as SVGElement | null)?.focus({ preventScroll: !takesFocus });
  }, [chosen]);
}

interface DrawnProps {
  shape: Shape;
  editor: Editor;
  width: number;
  height: number;
  scale: number;
  /** It can be changed. */
  isOpen: boolean;
  tally: Tally | undefined;
  flashes: boolean;
}

function Drawn({ shape, editor, width, height, scale, isOpen, tally, flashes }: DrawnProps) {
  const { key, kind, points } = shape;
  const isChosen = isOpen && editor.chosen.value?.key === key;
  const path = points.map(([x, y]) => `${x * width},${y * height}`).join(' ');
  const classes = ['shape', kind, isOpen && 'open', isChosen && 'chosen', flashes && 'flashes'];
  if (editor.flaws.value.has(key)) classes.push('flawed');
  return (
    <g class={classes.filter(Boolean).join(' ')} data-key={key} data-shape={shape.name}>
      {kind === 'line' ? <polyline class="halo" points={path} /> : <polygon class="halo" points={path} />}
      {kind === 'line' ? <polyline points={path} /> : <polygon points={path} />}
      {kind === 'line' && <polyline class="grip" points={path} />}
      {kind === 'line' && <Arrow shape={shape} width={width} height={height} scale={scale} />}
      <Label shape={shape} width={width} height={height} scale={scale} tally={tally} />
      {isChosen &&
        points.map((point, at) => (
          <Handle
            key={at}
            shape={shape}
            at={at}
            point={point}
            editor={editor}
            width={width}
            height={height}
            scale={scale}
          />
        ))}
    </g>
  );
}

interface PartProps {
  shape: Shape;
  width: number;
  height: number;
  scale: number;
}

/** Towards the side that is `in`. */
function Arrow({ shape, width, height, scale }: PartProps) {
  const [a, b] = shape.points;
  if (!a || !b) return null;
  const [nx, ny] = inward(shape, width / height);
  // In pixels of the picture, a unit long.
  const [ux, uy] = [(nx * width) / height, ny];
  const [x, y] = [((a[0] + b[0]) / 2) * width, ((a[1] + b[1]) / 2) * height];
  const tip = 26 * scale;
  const [tx, ty] = [x + ux * tip, y + uy * tip];
  const wing = 7 * scale;
  const corner = (side: number) =>
    `${tx - ux * wing - uy * wing * 0.7 * side},${ty - uy * wing + ux * wing * 0.7 * side}`;
  const path = `M${x},${y}L${tx},${ty}M${corner(1)}L${tx},${ty}L${corner(-1)}`;
  return (
    <g class="arrow">
      <path class="halo" d={path} />
      <path d={path} />
      <text
        x={tx + ux * 8 * scale}
        y={ty + uy * 12 * scale}
        font-size={12 * scale}
        text-anchor={ux > 0.5 ? 'start' : ux < -0.5 ? 'end' : 'middle'}
        dominant-baseline="middle"
      >
        {cameraWords.value.inSide}
      </text>
    </g>
  );
}

/** Its name, and what was counted, where it is least in the way: at the upper end, or the top of an area. */
function Label({ shape, width, height, scale, tally }: PartProps & { tally: Tally | undefined }) {
  const words = cameraWords.value;
  const top = [...shape.points].sort((a, b) => a[1] - b[1])[0];
  if (!top) return null;
  const isHigh = top[1] * height < 24 * scale;
  const x = Math.min(Math.max(top[0] * width, 6 * scale), width - 6 * scale);
  const counts =
    tally && (shape.kind === 'line' ? words.counted(tally.in, tally.out) : words.inZone(tally.inside));
  return (
    <text
      class="label"
      x={x}
      y={top[1] * height + (isHigh ? 18 : -8) * scale}
      font-size={13 * scale}
      text-anchor={top[0] > 0.75 ? 'end' : 'start'}
    >
      {[shape.kind === 'mask' ? words.kinds.mask : shape.name, counts].filter(Boolean).join(' · ')}
    </text>
  );
}

interface HandleProps extends PartProps {
  at: number;
  point: Point;
  editor: Editor;
}

function Handle({ shape, at, point, editor, width, height, scale }: HandleProps) {
  const words = cameraWords.value;
  const name = shape.kind === 'mask' ? words.kinds.mask : shape.name;
  const percent = (n: number) => Math.round(n * 100);
  const { chosen } = editor;
  return (
    // biome-ignore lint/a11y/useSemanticElements: there is no button element in a drawing
    <circle
      class={chosen.value?.point === at ? 'handle now' : 'handle'}
      data-key={shape.key}
      data-point={at}
      cx={point[0] * width}
      cy={point[1] * height}
      r={6 * scale}
      tabIndex={0}
      role="button"
      aria-label={words.point(at + 1, name, percent(point[0]), percent(point[1]))}
      onFocus={() => {
        if (chosen.peek()?.point !== at) chosen.value = { key: shape.key, point: at };
      }}
      onKeyDown={(event) => onHandleKey(event, shape, at, editor)}
    />
  );
}

function onHandleKey(event: KeyboardEvent, shape: Shape, at: number, editor: Editor): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = event.shiftKey ? LONG_STEP : STEP;
  const [x, y] = shape.points[at] ?? [0, 0];
  const to: Record<string, Point> = {
    ArrowLeft: [x - step, y],
    ArrowRight: [x + step, y],
    ArrowUp: [x, y - step],
    ArrowDown: [x, y + step],
  };
  const next = to[event.key];
  if (next) editor.movePoint(shape, at, next);
  else if (event.key === 'Delete' || event.key === 'Backspace') editor.removePoint(shape, at);
  else if (event.key === 'Insert' || event.key === '+') {
    editor.put(addPoint(shape, at));
    editor.chosen.value = { key: shape.key, point: at + 1 };
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

/** What is being drawn, with the point that a click would set. */
function Unfinished(props: {
  kind: Kind;
  points: readonly Point[];
  next?: Point;
  width: number;
  height: number;
  scale: number;
}) {
  const { kind, points, next, width, height, scale } = props;
  const all = next ? [...points, next] : points;
  const path = all.map(([x, y]) => `${x * width},${y * height}`).join(' ');
  const [first] = points;
  const isClosing = kind !== 'line' && points.length >= 3 && first !== undefined;
  return (
    <g class={`shape ${kind} chosen`}>
      <polyline class="halo" points={path} />
      <polyline points={path} />
      {points.map(([x, y]) => (
        <circle key={`${x} ${y}`} class="handle" cx={x * width} cy={y * height} r={5 * scale} />
      ))}
      {isClosing && <circle class="handle now" cx={first[0] * width} cy={first[1] * height} r={8 * scale} />}
    </g>
  );
}
