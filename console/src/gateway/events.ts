// What the gateway tells of, as types.

/** The types that this version knows. Others pass through: a publisher may have its own, and servers get newer. */
export const EVENT_TYPES = [
  'ROUND_SUBMITTED',
  'ROUND_IN_KITCHEN',
  'ROUND_READY',
  'ROUND_SERVED',
  'SERVICE_CALL_CREATED',
  'SERVICE_CALL_ACKED',
  'SERVICE_CALL_CLOSED',
  'PAYMENT_APPROVED',
  'PAYMENT_REJECTED',
  'PAYMENT_FAILED',
  'TABLE_SESSION_STARTED',
  'TABLE_CLEARED',
  'ENTITY_CREATED',
  'ENTITY_UPDATED',
  'ENTITY_DELETED',
  'VISIT_STARTED',
  'VISIT_ENDED',
  'ZONE_ENTERED',
  'ZONE_LEFT',
  'ZONE_DWELL',
  'LINE_CROSSED',
  'OCCUPANCY_HIGH',
  'OCCUPANCY_NORMAL',
  'CAMERA_ONLINE',
  'CAMERA_OFFLINE',
  'SHIFT_STARTED',
  'SHIFT_ENDED',
  'SUMMARY_UPDATED',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** What every event says; what else its publisher says stands beside it. */
export interface Envelope<Type extends string> {
  type: Type;
  /** The publisher's own name for it, else one that the server made: two with the same are one. */
  id: string;
  /** Where it stands among the others: `branch:5`, and a number that rises. */
  stream: string;
  offset: number;
  /** When the server got it, RFC 3339. */
  at: string;
  tenant_id: number;
  branch_id: number;
  sector_id?: number | null;
  session_id?: string | number | null;
  [field: string]: unknown;
}

/** One of the types that are known: `switch (event.type)` tells them apart. */
export type KnownEvent = { [Type in EventType]: Envelope<Type> }[EventType];

/** Something that happened; see {@link isKnown}. */
export type GatewayEvent = KnownEvent | Envelope<string>;

/** Whether the type is one of {@link EVENT_TYPES}. */
export function isKnown(event: GatewayEvent): event is KnownEvent {
  return (EVENT_TYPES as readonly string[]).includes(event.type);
}
