// A client of the gateway; see the README beside it.

export { connect } from './client';
export {
  type Envelope,
  EVENT_TYPES,
  type EventType,
  type GatewayEvent,
  isKnown,
  type KnownEvent,
} from './events';
export type { SocketLike, SocketMaker } from './line';
export type { Client, Options, State } from './options';
export type { Endpoint, Position, Positions, ServerMessage } from './protocol';
export type { World } from './world';
