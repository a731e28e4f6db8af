// Kinds of events, as people look for them, and which of them are good or bad news.

import type { GatewayEvent } from '../../gateway';

/** What the list can be narrowed to, and the beginnings of the types in it. */
export const GROUPS = {
  visits: ['VISIT_'],
  lines: ['LINE_'],
  zones: ['ZONE_', 'OCCUPANCY_'],
  cameras: ['CAMERA_'],
  shifts: ['SHIFT_', 'SUMMARY_'],
  rounds: ['ROUND_'],
  calls: ['SERVICE_CALL_'],
  payments: ['PAYMENT_'],
  tables: ['TABLE_'],
  entities: ['ENTITY_'],
} as const;

export type Group = keyof typeof GROUPS | 'others';

export const ALL_GROUPS = [...Object.keys(GROUPS), 'others'] as Group[];

export function groupOf(type: string): Group {
  const found = Object.entries(GROUPS).find(([, starts]) => starts.some((start) => type.startsWith(start)));
  return (found?.[0] as Group | undefined) ?? 'others';
}

/** Only what somebody has to look after is coloured, and what ends it. */
export type Tone = 'bad' | 'warn' | 'good';

const TONES: Record<string, Tone> = {
  CAMERA_OFFLINE: 'bad',
  CAMERA_ONLINE: 'good',
  OCCUPANCY_HIGH: 'warn',
  OCCUPANCY_NORMAL: 'good',
  PAYMENT_REJECTED: 'bad',
  PAYMENT_FAILED: 'bad',
  SERVICE_CALL_CREATED: 'warn',
  SERVICE_CALL_CLOSED: 'good',
};

export const toneOf = ({ type }: GatewayEvent): Tone | undefined => TONES[type];

/** What the reader has chosen; undefined: all. */
export interface Filter {
  group: Group | undefined;
  branch: number | undefined;
  sector: number | undefined;
  camera: string | undefined;
}

export function fits(filter: Filter, event: GatewayEvent): boolean {
  const { group, branch, sector, camera } = filter;
  return (
    (group === undefined || groupOf(event.type) === group) &&
    (branch === undefined || event.branch_id === branch) &&
    (sector === undefined || event.sector_id === sector) &&
    (camera === undefined || event.camera === camera)
  );
}
