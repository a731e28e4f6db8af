// A connection to `/ws` that stays: it comes back after a loss, by itself and soon.

import { Jitter } from '../gateway/jitter';
import type { SocketLike } from '../gateway/line';
import { PROTOCOL, readEnding, TOKEN_EXPIRED } from '../gateway/protocol';
import { world as real, type World } from '../gateway/world';
import { type ClientMessage, readMessage, type ServerMessage } from './message';

export type LinkState =
  | { kind: 'connecting' }
  | { kind: 'live' }
  /** Lost since then; the next try is at `retryAt`, both by this machine's clock. */
  | { kind: 'waiting'; since: number; retryAt: number; reason: string }
  /** The same would happen again: somebody has to do something. */
  | { kind: 'closed'; code: number; reason: string };

export interface LinkOptions {
  /** What this connection is, as `docs/totem.md` has it: `totem=hall&branch_id=2`. */
  query?: string | undefined;
  token?: string | undefined;
  onState: (state: LinkState) => void;
  /** `chars`: how long the message's text was. */
  onMessage: (message: ServerMessage, chars: number) => void;
  /** Where the server is; the page's own unless a test says another. */
  url?: string;
  world?: Partial<World>;
}

/** From the first step to the server's first word. */
const CONNECT_WITHIN_MS = 10_000;

/** Silence after which the server is asked whether it is there; a network that broke says nothing. */
const PING_AFTER_MS = 10_000;
const PONG_WITHIN_MS = 5000;

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;

/** A connection that held so long was a good one: the next waits are short again. */
const STABLE_AFTER_MS = 10_000;

/** No token, or not a good one. */
const UNAUTHORIZED = 4401;

/** Whether somebody has to sign in, or to give this device another token. */
export const isSignedOut = (code: number): boolean => code === UNAUTHORIZED || code === TOKEN_EXPIRED;

export class Link {
  state: LinkState = { kind: 'connecting' };
  private readonly world: World;
  private readonly jitter: Jitter;
  private socket: SocketLike | undefined;
  private liveSince: number | undefined;
  private lostSince: number | undefined;
  private isAsked = false;
  private stopTimer = () => {};
  private stopWaking = () => {};

  constructor(private readonly options: LinkOptions) {
    this.world = { ...real, ...options.world };
    this.jitter = new Jitter(FIRST_WAIT_MS, LONGEST_WAIT_MS, this.world.chance);
  }

  open(): void {
    this.stopWaking();
    this.stopWaking = this.world.onWake(() => this.wake());
    this.dial();
  }

  /** The network may be back, or somebody looks at the page again, who may have signed in meanwhile. */
  wake(): void {
    if (this.state.kind === 'waiting' || this.state.kind === 'closed') this.dial();
    this.probe();
  }

  /** Asks the server for a sign of life, and gives the connection up when there is none. */
  probe(): void {
    if (this.state.kind !== 'live' || this.isAsked) return;
    this.isAsked = true;
    this.say({ type: 'ping' });
    this.timer(PONG_WITHIN_MS, () => this.over(1006, 'silent'));
  }

  /** Whether it could be said. */
  say(message: ClientMessage): boolean {
    if (this.state.kind !== 'live' || !this.socket) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  close(): void {
    this.stopWaking();
    this.leave();
  }

  private dial(): void {
    this.leave();
    const { WebSocket } = this.world;
    if (!WebSocket) throw new Error('there should be WebSockets wherever there is a page');
    const { token } = this.options;
    let socket: SocketLike;
    try {
      socket = new WebSocket(this.address(), token ? [PROTOCOL, 'bearer', token] : [PROTOCOL]);
    } catch {
      // What was given as a token cannot be one.
      this.tell({ kind: 'closed', code: UNAUTHORIZED, reason: 'unauthorized' });
      return;
    }
    // What a connection says after it was left is nobody's.
    const isCurrent = () => this.socket === socket;
    socket.onopen = () => isCurrent() && socket.send('{"type":"ping"}');
    socket.onmessage = ({ data }) => isCurrent() && this.hear(data);
    socket.onclose = ({ code, reason }) => isCurrent() && this.over(code, reason);
    this.socket = socket;
    this.timer(CONNECT_WITHIN_MS, () => this.over(1006, 'no_answer'));
    this.tell({ kind: 'connecting' });
  }

  private address(): string {
    const { query, url } = this.options;
    const address = new URL('ws', url ?? globalThis.location?.href);
    address.protocol = address.protocol.replace('http', 'ws');
    address.search = query ?? '';
    return address.href;
  }

  private hear(data: unknown): void {
    this.isAsked = false;
    this.timer(PING_AFTER_MS, () => this.probe());
    // The server's first word is the answer to the first ping: who is not let in is told by a close.
    if (this.state.kind === 'connecting') {
      this.liveSince = this.world.now();
      this.lostSince = undefined;
      this.tell({ kind: 'live' });
    }
    const message = readMessage(data);
    if (message) this.options.onMessage(message, (data as string).length);
  }

  private over(code: number, text: string): void {
    const { code: by, reason, retry, retryMs, needsNewToken } = readEnding(code, text);
    this.leave();
    const now = this.world.now();
    if (this.liveSince !== undefined && now - this.liveSince >= STABLE_AFTER_MS) this.jitter.reset();
    this.liveSince = undefined;
    // There is one token only: when it is over, so is this.
    if (!retry || needsNewToken) {
      this.tell({ kind: 'closed', code: by, reason });
      return;
    }
    const wait = retryMs + this.jitter.nextMs();
    this.lostSince ??= now;
    this.timer(wait, () => this.dial());
    this.tell({ kind: 'waiting', since: this.lostSince, retryAt: now + wait, reason });
  }

  private leave(): void {
    const { socket } = this;
    this.socket = undefined;
    this.isAsked = false;
    this.stopTimer();
    socket?.close(1000);
  }

  private timer(ms: number, due: () => void): void {
    this.stopTimer();
    this.stopTimer = this.world.after(ms, due);
  }

  private tell(state: LinkState): void {
    this.state = state;
    this.options.onState(state);
  }
}
