// One connection to the server: a WebSocket, or else an endless answer over plain HTTP.

import { type ClientMessage, PROTOCOL } from './protocol';

/** What a connection tells, maybe also after its end. */
export interface Ears {
  opened(): void;
  /** Something came, if only a sign of life. */
  heard(text?: string): void;
  over(code: number, reason: string): void;
}

export interface Line {
  /** Absent when the server only speaks. */
  say?(message: ClientMessage): void;
  end(): void;
}

/** As much of a WebSocket as is needed: a browser's, that of Node 22, that of the package `ws`. */
export interface SocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export type SocketMaker = new (url: string, protocols: string[]) => SocketLike;

/** @throws when the address or the token cannot be one */
export function openSocket(
  Socket: SocketMaker,
  url: URL,
  token: string | undefined,
  ears: Ears,
): Required<Line> {
  const address = new URL(url);
  address.protocol = url.protocol.replace('http', 'ws');
  const socket = new Socket(address.href, token ? [PROTOCOL, 'bearer', token] : [PROTOCOL]);
  socket.onopen = () => ears.opened();
  socket.onmessage = ({ data }) => ears.heard(typeof data === 'string' ? data : undefined);
  socket.onclose = ({ code, reason }) => ears.over(code, reason);
  // Each error is followed by a close, which says more; some libraries end the program over an error nobody hears.
  socket.onerror = () => undefined;
  return {
    say: (message) => socket.send(JSON.stringify(message)),
    end: () => socket.close(1000),
  };
}
