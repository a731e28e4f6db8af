// What an app says to the client and hears of it, besides events.

import type { GatewayEvent } from './events';
import type { Endpoint, Positions, ServerMessage } from './protocol';
import type { World } from './world';

export type State =
  | { kind: 'connecting' }
  | { kind: 'live'; by: 'websocket' | 'sse' }
  /** The next try is at `retryAt`, ms of this machine's clock. */
  | { kind: 'waiting'; retryAt: number; code: number; reason: string }
  /** For good: by the app (1000), or because the same would happen again. */
  | { kind: 'closed'; code: number; reason: string };

export interface Options {
  /** The server, such as `https://venue.example`; absent: the page's own. */
  url?: string | URL;
  endpoint: Endpoint;
  /**
   * Gives a token each time one is needed: `new` when the last one is over, or soon. Absent: the page's cookie opens the
   * door. A failure counts as a failure to connect.
   */
  token?: (wish: 'any' | 'new') => string | Promise<string>;
  /** How the token travels: as the first message, or among the sub-protocols after `bearer`. */
  tokenBy?: 'message' | 'protocol';
  /** Where the app was when it ended: it gets what came since. */
  since?: Positions;
  /** An event; each once, and each stream's in order. */
  onEvent(event: GatewayEvent): void;
  /** Something of these streams is lost for good: load their state anew. Events that follow are newer. */
  onGap(streams: string[]): void;
  onState?(state: State): void;
  /** What else the server says: `error`, `sectors_refreshed`. */
  onMessage?(message: ServerMessage): void;
  /** Where the fall-back is; null: there is none. */
  sse?: string | URL | null;
  /** What to use of where it runs, such as a `WebSocket` from a package. */
  world?: Partial<World>;
}

export interface Client {
  readonly state: State;
  /** What was had: `since` of a later client. */
  readonly positions: Positions;
  /** Tries at once, or looks whether the server is still there. Pages do so by themselves. */
  wake(): void;
  /** Has a waiter's sectors looked up again; `onMessage` gets the answer. */
  refreshSectors(): void;
  close(): void;
}
