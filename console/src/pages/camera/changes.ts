// What a change changed, so that it can be said; and the change that takes it back. Pure.

import type { Camera, ParameterValue } from '../../api';
import type { CameraPatch } from '../../api/camera';
import { MASK, masksOf, same } from './shapes';

export type Field = 'name' | 'branch_id' | 'sector_id' | 'enabled' | 'pipeline';

/** One thing that differs between two versions of a camera. */
export type Change =
  | { what: 'field'; field: Field; from: unknown; to: unknown }
  | { what: 'parameter'; name: string; from: ParameterValue | undefined; to: ParameterValue | undefined }
  | { what: 'line' | 'zone'; name: string; how: 'added' | 'removed' | 'changed' }
  | { what: 'masks'; from: number; to: number };

const FIELDS: readonly Field[] = ['name', 'branch_id', 'sector_id', 'enabled', 'pipeline'];

export function changesOf(before: Camera, after: Camera): Change[] {
  const changes: Change[] = [];
  for (const field of FIELDS) {
    const [from, to] = [before[field], after[field]];
    if (from !== to) changes.push({ what: 'field', field, from, to });
  }
  const names = new Set([...Object.keys(before.parameters), ...Object.keys(after.parameters)]);
  for (const name of [...names].sort()) {
    const [from, to] = [before.parameters[name], after.parameters[name]];
    if (from === to) continue;
    if (name !== MASK) changes.push({ what: 'parameter', name, from, to });
    else if (!same(masksOf(from), masksOf(to))) {
      changes.push({ what: 'masks', from: masksOf(from).length, to: masksOf(to).length });
    }
  }
  changes.push(...named('line', before.lines, after.lines), ...named('zone', before.zones, after.zones));
  return changes;
}

function named(
  what: 'line' | 'zone',
  before: readonly { name: string }[],
  after: readonly { name: string }[],
) {
  const changes: Change[] = [];
  for (const old of before) {
    const now = after.find(({ name }) => name === old.name);
    if (!now) changes.push({ what, name: old.name, how: 'removed' });
    else if (!same(old, now)) changes.push({ what, name: old.name, how: 'changed' });
  }
  for (const { name } of after) {
    if (!before.some((old) => old.name === name)) changes.push({ what, name, how: 'added' });
  }
  return changes;
}

/** The change that takes `patch` back to how `before` was. */
export function inverseOf(patch: CameraPatch, before: Camera): CameraPatch {
  const inverse: CameraPatch = {};
  if (patch.name !== undefined) inverse.name = before.name;
  if (patch.branch_id !== undefined) inverse.branch_id = before.branch_id;
  if (patch.sector_id !== undefined) inverse.sector_id = before.sector_id;
  if (patch.enabled !== undefined) inverse.enabled = before.enabled;
  if (patch.lines) inverse.lines = before.lines;
  if (patch.zones) inverse.zones = before.zones;
  if (patch.parameters) {
    const names = Object.keys(patch.parameters);
    inverse.parameters = Object.fromEntries(names.map((name) => [name, before.parameters[name] ?? null]));
  }
  return inverse;
}
