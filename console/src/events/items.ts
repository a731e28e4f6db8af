// What the connection to the gateway and the pages that share it say to each other.

import type { GatewayEvent } from '../gateway';

/** The doors of the gateway that the console's people have. */
export type Door = 'admin' | 'waiter' | 'kitchen';

/** A line of the list: something that happened, or what became of the connection meanwhile. */
export type Item =
  | {
      /** Rises with each; below 0 is what happened before there was a connection. */
      seq: number;
      event: GatewayEvent;
      /** It happened while there was no connection, and came afterwards. */
      late: boolean;
    }
  | { seq: number; note: Note };

/** Times are ms of this machine's clock. */
export type Note =
  | { what: 'lost'; at: number }
  /** `late` events came afterwards. */
  | { what: 'back'; at: number; lostAt: number; late: number }
  /** Something of these branches is lost for good. */
  | { what: 'gap'; at: number; branches: number[] };

export type HubState =
  /** Nobody is signed in, or this role has no door. */
  | { kind: 'off' }
  /** `lostAt` is set when it was there before. */
  | { kind: 'connecting'; lostAt?: number | undefined }
  | { kind: 'live'; by: 'websocket' | 'sse'; since: number; back?: Back | undefined }
  | { kind: 'waiting'; lostAt: number; retryAt: number; reason: string }
  | { kind: 'closed'; code: number; reason: string };

/** How the last loss ended. */
export interface Back {
  lostAt: number;
  late: number;
  /** Branches of which something is lost for good. */
  gaps: number[];
}

export type ToHub =
  /** Is somebody there? The state is told. */
  | { to: 'greet' }
  /** Somebody is signed in; `who` tells one from another. */
  | { to: 'follow'; who: string; door: Door | undefined }
  /** The page is seen again: look at once. */
  | { to: 'wake' }
  | { to: 'leave' };

export type How = 'all' | 'newer' | 'older';

export type ToPage =
  | { told: 'state'; state: HubState }
  /** Oldest first; see {@link merged}. */
  | { told: 'items'; how: How; items: Item[] };

/** What is kept, here and in the pages. */
export const KEPT = 10_000;

/** `all` take the place of what was there, `newer` go behind it, `older` take the place of what was before the first. */
export function merged(items: readonly Item[], how: How, told: readonly Item[]): Item[] {
  if (how === 'all') return [...told];
  const all = how === 'newer' ? [...items, ...told] : [...told, ...items.filter(({ seq }) => seq >= 0)];
  return all.slice(-KEPT);
}

/** As much of a `MessagePort` as is needed. */
export interface Port<Message> {
  postMessage(message: Message): void;
}
