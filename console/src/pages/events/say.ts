// Each event as a sentence. What its publisher left out is left out.

import { span } from '../../data/clock';
import { type GatewayEvent, isKnown } from '../../gateway';
import { fromServer } from '../../i18n/server';
import type { EventWords } from './texts';

/** Those that other systems tell of: which of what, at which table. */
const FOREIGN = /^(ROUND|SERVICE_CALL|PAYMENT|TABLE|ENTITY)_/;

export function say(event: GatewayEvent, w: EventWords): string {
  if (!isKnown(event)) return joined(event.type, ...places(event, w));
  if (FOREIGN.test(event.type)) {
    return joined(nameOf(event, w), table(event, w), ...places(event, w));
  }
  switch (event.type) {
    case 'LINE_CROSSED':
      return joined(w.line(text(event, 'line')), w.directions[text(event, 'direction')], ...places(event, w));
    case 'VISIT_ENDED':
    case 'ZONE_LEFT':
    case 'ZONE_DWELL':
      return joined(zone(event, w), w.types[event.type], stay(event, w), ...places(event, w));
    case 'OCCUPANCY_HIGH':
    case 'OCCUPANCY_NORMAL':
      return joined(
        zone(event, w),
        w.types[event.type],
        w.people(number(event, 'people'), number(event, 'max_people')),
        ...places(event, w),
      );
    case 'CAMERA_ONLINE':
    case 'CAMERA_OFFLINE':
      return joined(...places(event, w), w.types[event.type], fromServer(text(event, 'reason')));
    case 'SHIFT_STARTED':
    case 'SHIFT_ENDED':
      return joined(shift(event, w), w.types[event.type]);
    case 'SUMMARY_UPDATED':
      return joined(
        w.types[event.type],
        shift(event, w),
        w.visits(number(event, 'visits')),
        w.uniquePeople(number(event, 'unique_people')),
      );
    default:
      return joined(zone(event, w), typeName(event.type, w), ...places(event, w));
  }
}

const typeName = (type: string, { types }: EventWords) => (types as Partial<Record<string, string>>)[type];

/** `Round 4711 ready`: with the number that the publisher gave it, if there is one. */
function nameOf(event: GatewayEvent, w: EventWords): string {
  const [kind = ''] = FOREIGN.exec(event.type)?.slice(1) ?? [];
  const key = kind === 'SERVICE_CALL' ? 'call' : kind.toLowerCase();
  const entity = inside(event, 'entity');
  const id = [`${key}_id`, `${key}_number`, 'id'].map((name) => entity[name] ?? event[name]);
  const number = kind === 'TABLE' ? undefined : id.slice(0, 2).find((each) => each !== undefined);
  const what = kind === 'ENTITY' ? (entity.type ?? entity.name ?? event.entity_type) : number;
  return w.foreign[event.type]?.(what === undefined || what === null ? '' : ` ${what}`) ?? event.type;
}

function table(event: GatewayEvent, w: EventWords): string | undefined {
  const entity = inside(event, 'entity');
  const name = [event.table, event.table_name, event.table_id, entity.table, entity.table_id].find(
    (each) => typeof each === 'string' || typeof each === 'number',
  );
  if (name !== undefined) return w.table(String(name));
  return event.session_id ? w.session(String(event.session_id)) : undefined;
}

/** The camera; sector and branch have a column of their own. */
function places(event: GatewayEvent, w: EventWords): string[] {
  const camera = text(event, 'camera_name') || text(event, 'camera');
  return camera ? [w.camera(camera)] : [];
}

const zone = (event: GatewayEvent, w: EventWords) =>
  text(event, 'zone') ? w.zone(text(event, 'zone')) : undefined;

function shift(event: GatewayEvent, w: EventWords): string {
  const name = text(event, 'shift_name');
  return w.shift(w.shifts[name] ?? name);
}

function stay(event: GatewayEvent, w: EventWords): string | undefined {
  const ms = number(event, 'dwell_ms');
  return ms === undefined ? undefined : w.after(span(ms));
}

/** The first letter is large, whichever part begins. */
function joined(...parts: (string | undefined)[]): string {
  const said = parts.filter((part) => part !== undefined && part !== '').join(', ');
  return said.charAt(0).toUpperCase() + said.slice(1);
}

function text(event: GatewayEvent, field: string): string {
  const value = event[field];
  return typeof value === 'string' ? value : '';
}

function number(event: GatewayEvent, field: string): number | undefined {
  const value = event[field];
  return typeof value === 'number' ? value : undefined;
}

function inside(event: GatewayEvent, field: string): Record<string, unknown> {
  const value = event[field];
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
