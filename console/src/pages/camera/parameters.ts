// The parameters of a pipeline as a form: which belong together, what was typed, and what is wrong with it. Pure.

import type { ParameterValue } from '../../api';
import type { Parameter } from '../../api/pipelines';

export type Group = 'source' | 'analysis' | 'privacy' | 'advanced';

/** What people set first; whatever else a pipeline takes is advanced. */
const GROUPS: Record<string, Group> = {
  location: 'source',
  user: 'source',
  password: 'source',
  device: 'source',
  pattern: 'source',
  loop: 'source',
  threshold: 'analysis',
  'inference-interval': 'analysis',
  'attributes-budget': 'analysis',
  blur: 'privacy',
  mask: 'privacy',
};

const groupOf = ({ name }: Parameter): Group => GROUPS[name] ?? 'advanced';

/** Those of a group, what people set first at first. */
export function ofGroup(parameters: readonly Parameter[], group: Group): Parameter[] {
  const order = Object.keys(GROUPS);
  const place = ({ name }: Parameter) => (name in GROUPS ? order.indexOf(name) : order.length);
  return parameters.filter((parameter) => groupOf(parameter) === group).sort((a, b) => place(a) - place(b));
}

/** What stands in a form's fields, by parameter; an empty one means the default. */
export type Typed = Readonly<Record<string, string>>;

/** As a field shows it. */
export const shown = (value: ParameterValue | null | undefined): string =>
  value === null || value === undefined ? '' : String(value);

export const typedOf = (
  parameters: readonly Parameter[],
  values: Record<string, ParameterValue>,
): Record<string, string> => Object.fromEntries(parameters.map(({ name }) => [name, shown(values[name])]));

/** What was typed as the server takes it; null: the default. */
export function parsed({ type }: Parameter, text: string): ParameterValue | null {
  if (text === '') return null;
  if (type === 'bool') return text === 'true';
  return type === 'int' || type === 'float' ? Number(text.replace(',', '.')) : text;
}

export type Wrong =
  | { kind: 'needed' }
  | { kind: 'number'; whole: boolean }
  | { kind: 'range'; min: number | null; max: number | null }
  | { kind: 'scheme'; schemes: readonly string[] };

/** What the server would refuse, as far as it can be known here. */
export function wrongWith(parameter: Parameter, text: string): Wrong | undefined {
  const { type, required, min, max, choices } = parameter;
  const value = parsed(parameter, text);
  if (value === null) return required ? { kind: 'needed' } : undefined;
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || (type === 'int' && !Number.isInteger(value))) {
      return { kind: 'number', whole: type === 'int' };
    }
    if ((min !== null && value < min) || (max !== null && value > max)) return { kind: 'range', min, max };
  }
  if (type === 'url' && choices.length > 0) {
    const scheme = /^([a-z][a-z0-9+.-]*):\/\/./i.exec(text)?.[1]?.toLowerCase();
    if (!scheme || !choices.includes(scheme)) return { kind: 'scheme', schemes: choices };
  }
  return undefined;
}

/** What of a form differs from `values`, as a change. */
export function changedParameters(
  parameters: readonly Parameter[],
  values: Record<string, ParameterValue>,
  typed: Typed,
): Record<string, ParameterValue | null> {
  const changed: Record<string, ParameterValue | null> = {};
  for (const parameter of parameters) {
    const { name } = parameter;
    const text = typed[name] ?? '';
    if (text !== shown(values[name])) changed[name] = parsed(parameter, text);
  }
  return changed;
}

/** `Front door!` as an id: `front-door`. */
export const slugOf = (name: string): string =>
  name
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);

/** A slug that no camera has yet. */
export function freeId(name: string, taken: readonly string[]): string {
  const slug = slugOf(name) || 'camera';
  if (!taken.includes(slug)) return slug;
  for (let number = 2; ; number += 1) {
    const id = `${slug.slice(0, 60)}-${number}`;
    if (!taken.includes(id)) return id;
  }
}
