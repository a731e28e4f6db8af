// What client and server say to each other besides events (`atalaya.v1`), and what the end of a connection means.

/** The sub-protocol by which the server tells of streams and positions, and why it closes. */
export const PROTOCOL = 'atalaya.v1';

/** Who listens: each has a door of its own, `/ws/admin` and so on. */
export type Endpoint = 'waiter' | 'kitchen' | 'admin' | 'diner';

/** A place in a stream: everything up to and with `offset` is had. A new epoch says that the count began anew. */
export interface Position {
  epoch: string;
  offset: number;
}

/** Positions by the names of their streams. */
export type Positions = Record<string, Position>;

/** As the server tells them: `recovered` says whether everything that was missed of the stream was sent. */
export type ToldPositions = Record<string, Position & { recovered?: boolean }>;

export type ClientMessage =
  | { type: 'ping' | 'refresh_sectors' }
  | { type: 'auth' | 'auth_refresh'; token: string }
  | { type: 'resume'; streams: Positions };

export type ServerMessage =
  | { type: 'pong' }
  | { type: 'welcome' | 'streams' | 'gap'; streams: ToldPositions }
  | { type: 'resumed'; recovered: boolean; streams: ToldPositions }
  | { type: 'token_expiring' | 'auth_refreshed'; expires_at: string }
  | { type: 'sectors_refreshed'; sector_ids: number[] }
  | { type: 'error'; code: string; message: string }
  /** Over plain HTTP, in the place of a close frame. */
  | { type: 'close'; close_code: number };

/** Why a connection ended, and what to do. */
export interface Ending {
  code: number;
  /** A word of the server's, such as `slow_consumer`; ours are `lost`, `silent`, `no_answer`. */
  reason: string;
  /** False: the same will happen again. */
  retry: boolean;
  /** When it is worth trying again, from now. */
  retryMs: number;
  needsNewToken: boolean;
}

/** Codes that are final even when a reason does not arrive: bad message, bad token, not allowed, session over. */
const FINAL = [4400, 4401, 4403, 4410];

export const TOKEN_EXPIRED = 4419;

/** Reads the close code and the JSON that goes with it: `{"code":"slow_consumer","retry":true,"retry_ms":250}`. */
export function readEnding(code: number, text: string): Ending {
  let said: { code?: unknown; retry?: unknown; retry_ms?: unknown; new_token?: unknown } | null = null;
  try {
    said = JSON.parse(text);
  } catch {
    // Proxies and networks end connections in their own words.
  }
  return {
    code,
    reason: typeof said?.code === 'string' ? said.code : text || 'lost',
    retry: typeof said?.retry === 'boolean' ? said.retry : !FINAL.includes(code),
    retryMs: typeof said?.retry_ms === 'number' ? said.retry_ms : 0,
    needsNewToken: said?.new_token === true || code === TOKEN_EXPIRED,
  };
}
