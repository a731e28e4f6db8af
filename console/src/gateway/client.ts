// A client of the gateway that stays: it comes back after a loss, gets what it missed, and hands over each event once.

import type { GatewayEvent } from './events';
import { Jitter } from './jitter';
import { Ledger } from './ledger';
import { type Ears, type Line, openSocket } from './line';
import type { Client, Options, State } from './options';
import type { ClientMessage, Positions, ServerMessage, ToldPositions } from './protocol';
import { readEnding, TOKEN_EXPIRED } from './protocol';
import { openSse, writeEventId } from './sse';
import { world as real, type World } from './world';

/** From the first step to the server's first word; a phone that changes networks takes a few seconds. */
const CONNECT_WITHIN_MS = 15_000;

/** Silence after which the server is asked whether it is there: its own pings are invisible to a page. */
const PING_AFTER_MS = 25_000;
const PONG_WITHIN_MS = 10_000;

/** Silence that ends a connection on which nothing can be asked. */
const SILENT_FOR_MS = 60_000;

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 10_000;

/** A connection that held so long was a good one: the next waits are short again. */
const STABLE_AFTER_MS = 10_000;

/** A new token is asked for thus often at most; a server tells half a minute before the old one ends. */
const REFRESH_EVERY_MS = 5000;

/** Failures to open a WebSocket in a row after which plain HTTP is tried. */
const SSE_AFTER = 3;

/** Connects, and stays connected until `close`. */
export function connect(options: Options): Client {
  const keeper = new Keeper(options);
  keeper.start();
  return keeper;
}

class Keeper implements Client {
  state: State = { kind: 'connecting' };
  private readonly world: World;
  private readonly ledger: Ledger;
  private readonly jitter: Jitter;
  /** Whether it was told once where the streams are, so that it can be told what it missed. */
  private wasThere: boolean;
  private line: Line | undefined;
  /** Rises with each try; what belongs to an earlier one is nobody's. */
  private attempt = 0;
  private failures = 0;
  /** The server was told from where on it is to go: `resumed` answers that. */
  private isGoingOn = false;
  private wish: 'any' | 'new' = 'any';
  private token: string | undefined;
  private liveSince: number | undefined;
  private heardAt = 0;
  /** Something came since the server was asked. */
  private isAnswered = true;
  private refreshedAt = Number.NEGATIVE_INFINITY;
  private stopTimer = () => {};
  private stopRefresh = () => {};
  private stopWaking = () => {};

  constructor(private readonly options: Options) {
    this.world = { ...real, ...options.world };
    this.ledger = new Ledger(options.since);
    this.jitter = new Jitter(FIRST_WAIT_MS, LONGEST_WAIT_MS, this.world.chance);
    this.wasThere = options.since !== undefined;
  }

  get positions(): Positions {
    return this.ledger.positions;
  }

  start(): void {
    this.stopWaking = this.world.onWake(() => this.wake());
    void this.open();
  }

  wake(): void {
    if (this.state.kind === 'waiting') void this.open();
    if (this.state.kind === 'live') this.probe();
  }

  refreshSectors(): void {
    if (this.state.kind === 'live') this.say({ type: 'refresh_sectors' });
  }

  close(): void {
    this.finish(1000, 'left');
  }

  private async open(): Promise<void> {
    const attempt = this.leave();
    this.timer(CONNECT_WITHIN_MS, () => this.over(1006, 'no_answer'));
    this.tell({ kind: 'connecting' });
    try {
      const token = await this.options.token?.(this.wish);
      if (attempt !== this.attempt) return;
      this.token = token;
    } catch (error) {
      if (attempt === this.attempt) this.over(1006, `no token: ${error}`);
      return;
    }
    try {
      this.line = this.dial(attempt);
    } catch (error) {
      this.finish(4400, String(error));
    }
  }

  private dial(attempt: number): Line {
    const { options, token, wish } = this;
    const { fetch, WebSocket } = this.world;
    const isSse = fetch && options.sse !== null && (!WebSocket || this.failures >= SSE_AFTER);
    // Should plain HTTP fail, it was the server and not the way to it: the next tries are by WebSocket again.
    this.failures = isSse ? 0 : this.failures + 1;
    const lastEventId = isSse && this.wasThere ? writeEventId(this.positions) : '';
    const isCurrent = () => attempt === this.attempt;
    const ears: Ears = {
      opened: () => isCurrent() && (isSse ? this.listen(lastEventId !== '') : this.greet()),
      heard: (text) => isCurrent() && this.hear(text),
      over: (code, reason) => isCurrent() && this.over(code, reason),
    };
    if (isSse) {
      const url = this.address(options.sse ?? `api/v1/events/stream?endpoint=${options.endpoint}`);
      return openSse(fetch, { url, token, isTokenNew: wish === 'new', lastEventId }, ears);
    }
    if (!WebSocket) throw new Error('there is no WebSocket here');
    const byProtocol = options.tokenBy === 'protocol' ? token : undefined;
    return openSocket(WebSocket, this.address(`ws/${options.endpoint}`), byProtocol, ears);
  }

  private address(path: string | URL): URL {
    const base = new URL(this.options.url ?? '/', globalThis.location?.href);
    if (!base.pathname.endsWith('/')) base.pathname += '/';
    return new URL(path, base);
  }

  /** The WebSocket is open: says who it is and from where it goes on, in one go. */
  private greet(): void {
    this.failures = 0;
    if (this.token && this.options.tokenBy !== 'protocol') this.say({ type: 'auth', token: this.token });
    this.isGoingOn = this.wasThere;
    if (!this.isGoingOn) return;
    this.ledger.hold();
    this.say({ type: 'resume', streams: this.positions });
  }

  /** The answer over plain HTTP begins. */
  private listen(isGoingOn: boolean): void {
    this.failures = SSE_AFTER;
    this.isGoingOn = isGoingOn;
    if (isGoingOn) this.ledger.hold();
  }

  private say(message: ClientMessage): void {
    this.line?.say?.(message);
  }

  private hear(text: string | undefined): void {
    this.heardAt = this.world.now();
    this.isAnswered = true;
    // What was missed may be much, and the way narrow.
    if (this.state.kind === 'connecting') this.timer(CONNECT_WITHIN_MS, () => this.over(1006, 'no_answer'));
    const message = read(text);
    if (!message) return;
    // Both of these the server alone writes, whatever a publisher calls its events.
    if (!('stream' in message && 'offset' in message)) this.obey(message as ServerMessage);
    else if (this.ledger.take(message)) this.hand(() => this.options.onEvent(message));
  }

  private obey(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.welcome(message.streams);
        break;
      case 'resumed': {
        const { missed, events } = this.ledger.resumed(message.streams, message.recovered);
        this.miss(missed);
        for (const event of events) this.hand(() => this.options.onEvent(event));
        this.live();
        break;
      }
      case 'streams':
      case 'gap':
        this.miss(this.ledger.told(message.streams));
        break;
      case 'token_expiring':
        this.refreshSoon();
        break;
      case 'close':
        this.over(message.close_code, JSON.stringify(message));
        break;
      case 'error':
      case 'sectors_refreshed':
        this.hand(() => this.options.onMessage?.(message));
        // The new token is good for something else than the old one was: it needs a connection of its own.
        if (message.type === 'error' && message.code === 'auth_refused')
          this.over(TOKEN_EXPIRED, message.code);
    }
  }

  private welcome(streams: ToldPositions): void {
    if (this.isGoingOn) return;
    const moved = this.ledger.begin(streams);
    if (this.wasThere) this.miss(moved);
    this.wasThere = true;
    // The server waits a moment whether somebody goes back; whoever speaks of something else does not.
    this.say({ type: 'ping' });
    this.live();
  }

  private miss(streams: string[]): void {
    if (streams.length > 0) this.hand(() => this.options.onGap(streams));
  }

  /** An app's mistake is the app's: it is told of it, and the next event comes all the same. Who left hears nothing. */
  private hand(call: () => void): void {
    if (this.state.kind === 'closed') return;
    try {
      call();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  private live(): void {
    if (this.state.kind !== 'connecting') return;
    this.wish = 'any';
    this.heardAt = this.liveSince = this.world.now();
    this.watch();
    this.tell({ kind: 'live', by: this.line?.say ? 'websocket' : 'sse' });
  }

  /** Looks again when the silence would be too long. */
  private watch(): void {
    const limit = this.line?.say ? PING_AFTER_MS : SILENT_FOR_MS;
    const left = () => this.heardAt + limit - this.world.now();
    this.timer(left(), () => (left() > 0 ? this.watch() : this.probe()));
  }

  private probe(): void {
    const { heardAt, line, world } = this;
    if (line?.say) {
      this.isAnswered = false;
      line.say({ type: 'ping' });
      this.timer(PONG_WITHIN_MS, () => (this.isAnswered ? this.watch() : this.over(1006, 'silent')));
    } else if (world.now() - heardAt >= SILENT_FOR_MS) {
      this.over(1006, 'silent');
    }
  }

  private refreshSoon(): void {
    // Where nothing can be said the connection ends with the token, and the next one brings another.
    if (!this.options.token || !this.line?.say) return;
    const wait = this.refreshedAt + REFRESH_EVERY_MS - this.world.now();
    this.stopRefresh();
    this.stopRefresh = this.world.after(Math.max(0, wait), () => void this.refresh());
  }

  /** Brings a new token. */
  private async refresh(): Promise<void> {
    const { attempt } = this;
    this.refreshedAt = this.world.now();
    let token: string | undefined;
    try {
      token = await this.options.token?.('new');
    } catch {
      // Whoever has none now may have one in a moment.
    }
    if (attempt !== this.attempt) return;
    if (!token || token === this.token) return this.refreshSoon();
    this.token = token;
    this.say({ type: 'auth_refresh', token });
  }

  /** A connection ended, or did not come to be. */
  private over(code: number, text: string): void {
    const { code: by, reason, retry, retryMs, needsNewToken } = readEnding(code, text);
    if (!retry) {
      this.finish(by, reason);
      return;
    }
    this.leave();
    const { liveSince, world } = this;
    if (needsNewToken) this.wish = 'new';
    if (liveSince !== undefined && world.now() - liveSince >= STABLE_AFTER_MS) {
      this.jitter.reset();
      // What kept WebSockets away may be gone: one try, and if that fails plain HTTP at once.
      this.failures = Math.min(this.failures, SSE_AFTER - 1);
    }
    this.liveSince = undefined;
    // The server may say the same to all whom it sends away.
    const wait = retryMs + this.jitter.nextMs();
    this.timer(wait, () => void this.open());
    this.tell({ kind: 'waiting', retryAt: world.now() + wait, code: by, reason });
  }

  private finish(code: number, reason: string): void {
    if (this.state.kind === 'closed') return;
    this.stopWaking();
    this.leave();
    this.tell({ kind: 'closed', code, reason });
  }

  /** Leaves whatever is going on; gives the number of the next try. */
  private leave(): number {
    const { line } = this;
    // First of all: what the connection says at its end is nobody's.
    this.attempt += 1;
    this.stopTimer();
    this.stopRefresh();
    this.line = undefined;
    this.ledger.release();
    line?.end();
    return this.attempt;
  }

  private timer(ms: number, due: () => void): void {
    this.stopTimer();
    this.stopTimer = this.world.after(ms, due);
  }

  private tell(state: State): void {
    this.hand(() => {
      this.state = state;
      this.options.onState?.(state);
    });
  }
}

/** What a message says; nothing when it is none. */
function read(text: string | undefined): GatewayEvent | ServerMessage | undefined {
  try {
    const message = JSON.parse(text ?? '');
    return typeof message?.type === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
