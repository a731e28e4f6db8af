import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Camera } from '../../src/api';
import { changesOf, inverseOf } from '../../src/pages/camera/changes';
import { Counter } from '../../src/pages/camera/crossings';
import { Editor } from '../../src/pages/camera/editor';
import {
  flawsOf,
  inward,
  moveBy,
  nearestSide,
  patchOf,
  type Shape,
  shapesOf,
} from '../../src/pages/camera/shapes';

const CAMERA = {
  id: 'door',
  branch_id: 1,
  sector_id: null,
  name: 'Door',
  pipeline: 'rtsp',
  enabled: true,
  parameters: { location: 'rtsp://10.0.0.7/live', mask: '0,0,0.3,0,0.3,1' },
  lines: [{ name: 'path', from: [0.5, 0.1], to: [0.5, 0.9], entrance: true }],
  zones: [
    {
      name: 'lawn',
      corners: [
        [0, 0.4],
        [0.4, 0.4],
        [0.4, 1],
      ],
      dwell_s: 60,
    },
  ],
} as unknown as Camera;

const line = (from: [number, number], to: [number, number]): Shape => ({
  key: 1,
  kind: 'line',
  name: 'line',
  points: [from, to],
});

test('what_is_drawn_and_not_moved_changes_nothing', () => {
  assert.deepEqual(patchOf(CAMERA, shapesOf(CAMERA)), {});
});

test('only_what_was_moved_is_sent', () => {
  const shapes = shapesOf(CAMERA);
  const moved = shapes.map((shape) => (shape.kind === 'mask' ? moveBy(shape, 0.1, 0) : shape));
  assert.deepEqual(patchOf(CAMERA, moved), { parameters: { mask: '0.1,0,0.4,0,0.4,1' } });
  const without = shapes.filter(({ kind }) => kind !== 'mask');
  assert.deepEqual(patchOf(CAMERA, without), { parameters: { mask: null } });
  const renamed = shapes.map((shape) => (shape.kind === 'zone' ? { ...shape, name: 'grass' } : shape));
  assert.deepEqual(patchOf(CAMERA, renamed), { zones: [{ ...CAMERA.zones[0], name: 'grass' }] });
});

test('a_shape_stays_on_the_picture_and_keeps_its_form', () => {
  const moved = moveBy(line([0.5, 0.1], [0.7, 0.9]), 0.9, -0.9);
  assert.deepEqual(moved.points, [
    [0.8, 0],
    [1, 0.8],
  ]);
});

test('in_is_the_right_of_the_way_from_first_to_second_point', () => {
  // Upwards on the picture: the right is the right.
  const [x, y] = inward(line([0.5, 0.9], [0.5, 0.1]), 4 / 3);
  assert.ok(x > 0 && Math.abs(y) < 1e-9, `${x} ${y}`);
});

test('the_nearest_side_of_an_outline_is_found', () => {
  const zone = shapesOf(CAMERA).find(({ kind }) => kind === 'zone') as Shape;
  assert.equal(nearestSide(zone, [0.2, 0.41], 4 / 3).at, 0);
  assert.equal(nearestSide(zone, [0.39, 0.7], 4 / 3).at, 1);
});

test('flaws_that_the_server_refuses_are_seen_here', () => {
  const bow: Shape = {
    key: 2,
    kind: 'zone',
    name: 'bow',
    points: [
      [0, 0],
      [1, 1],
      [1, 0],
      [0, 1],
    ],
  };
  const flaws = flawsOf([
    bow,
    { ...line([0, 0], [0, 0]), key: 3 },
    { ...line([0, 0], [1, 1]), key: 4, name: '' },
  ]);
  assert.deepEqual(
    [...flaws],
    [
      [2, 'crossed'],
      [3, 'pointless'],
      [4, 'unnamed'],
    ],
  );
  const twins = flawsOf([line([0, 0], [1, 1]), { ...line([0, 0], [1, 0]), key: 2 }]);
  assert.deepEqual([...twins.values()], ['twice', 'twice']);
});

test('what_would_be_lost_by_leaving_is_known', () => {
  const editor = new Editor();
  editor.load(CAMERA);
  editor.begin('line');
  assert.equal(editor.isUnsaved(), false, 'no point is set yet');
  editor.addPoint([0.1, 0.1]);
  assert.equal(editor.isUnsaved(), true);
  editor.cancel();
  assert.equal(editor.isUnsaved(), false);
  editor.addDefault('line');
  assert.equal(editor.isUnsaved(), true);
  assert.deepEqual(editor.chosen.value, { key: editor.chosenShape()?.key, point: 0, takesFocus: true });
});

test('each_step_of_a_drawing_can_be_taken_back', () => {
  const editor = new Editor();
  editor.load(CAMERA);
  editor.begin('zone');
  editor.addPoint([0.1, 0.1]);
  editor.addPoint([0.2, 0.1]);
  editor.finish();
  assert.ok(editor.drawing.value, 'two points are no zone');
  editor.addPoint([0.2, 0.1001]);
  assert.equal(editor.drawing.value?.points.length, 2, 'the second click of a double click');
  editor.addPoint([0.2, 0.2]);
  editor.finish();
  const drawn = editor.chosenShape();
  assert.equal(drawn?.name, 'zone 1');
  // A drag is one step, however far it goes.
  editor.mark();
  for (const x of [0.11, 0.12, 0.13]) editor.movePoint(editor.chosenShape() as Shape, 0, [x, 0.1], true);
  editor.undo();
  assert.deepEqual(editor.chosenShape()?.points[0], [0.1, 0.1]);
  editor.undo();
  assert.equal(editor.isChanged.value, false);
});

test('deleting_a_point_of_a_triangle_deletes_the_triangle', () => {
  const editor = new Editor();
  editor.load(CAMERA);
  const zone = editor.shapes.value.find(({ kind }) => kind === 'zone') as Shape;
  editor.removePoint(zone, 0);
  assert.deepEqual(editor.patch.value.zones, []);
});

test('who_walks_over_a_line_is_counted_once_and_who_trembles_on_it_not', () => {
  const gate = line([0.5, 0.9], [0.5, 0.1]);
  const walk = (xs: readonly number[]) => {
    const counter = new Counter();
    const told = xs.flatMap((x, at) =>
      counter.see(
        {
          pts_ms: at * 100,
          width: 100,
          height: 100,
          detections: [{ track: 1, label: 'person', box: [x - 5, 30, 10, 20] }],
        },
        [gate],
      ),
    );
    return told.map(({ direction }) => direction);
  };
  assert.deepEqual(walk([30, 35, 40, 45, 48, 52, 55, 60, 65, 70]), ['in']);
  assert.deepEqual(walk([70, 65, 60, 55, 52, 48, 45, 40, 35, 30]), ['out']);
  assert.deepEqual(walk([40, 45, 49.5, 50.5, 49.5, 50.5, 49.5, 45, 40, 40]), []);
});

test('a_change_is_told_by_its_parts_and_has_a_way_back', () => {
  const after = {
    ...CAMERA,
    name: 'Gate',
    parameters: { ...CAMERA.parameters, threshold: 0.5, mask: '' },
    lines: [{ ...CAMERA.lines[0], entrance: false }],
    zones: [],
  } as unknown as Camera;
  assert.deepEqual(
    changesOf(CAMERA, after).map((change) => ('name' in change ? change.name : change.what)),
    ['field', 'masks', 'threshold', 'path', 'lawn'],
  );
  const patch = { name: 'Gate', zones: [], parameters: { threshold: 0.5 } };
  assert.deepEqual(inverseOf(patch, CAMERA), {
    name: 'Door',
    zones: CAMERA.zones,
    parameters: { threshold: null },
  });
});
