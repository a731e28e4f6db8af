// A server that says what a test has it say, and a clock that the test turns.

import {
  type Client,
  connect,
  type GatewayEvent,
  type Options,
  type SocketLike,
  type State,
} from '../../src/gateway';

/** One connection, as the server sees it. */
export class FakeSocket implements SocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  /** What the client said, in its order. */
  readonly said: Record<string, unknown>[] = [];
  isLeft = false;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {}

  send(text: string): void {
    this.said.push(JSON.parse(text));
  }

  /** Says at once that it is closed, as some do. */
  close(): void {
    this.isLeft = true;
    this.end(1000);
  }

  open(): void {
    this.onopen?.();
  }

  tell(...messages: unknown[]): void {
    for (const message of messages) this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** The connection ends, with a word of the server's or without. */
  end(code = 1006, reason: unknown = undefined): void {
    this.onclose?.({ code, reason: reason === undefined ? '' : JSON.stringify(reason) });
  }
}

interface Timer {
  at: number;
  due: () => void;
}

/** A client and everything around it. */
export class Scene {
  readonly sockets: FakeSocket[] = [];
  readonly events: GatewayEvent[] = [];
  readonly gaps: string[][] = [];
  readonly states: State[] = [];
  readonly wishes: string[] = [];
  readonly client: Client;
  chance = 0.5;
  nowMs = 1_000_000;
  /** Wakes the client; absent when it does not wait for that. */
  wake: (() => void) | undefined;
  private timers: Timer[] = [];

  constructor(options: Partial<Options> = {}) {
    const scene = this;
    const { world, ...others } = options;
    this.client = connect({
      url: 'https://venue.example/bar',
      endpoint: 'admin',
      token(wish) {
        scene.wishes.push(wish);
        return `token ${scene.wishes.length}`;
      },
      onEvent: (event) => this.events.push(event),
      onGap: (streams) => this.gaps.push(streams),
      onState: (state) => this.states.push(state),
      ...others,
      world: {
        WebSocket: class extends FakeSocket {
          constructor(url: string, protocols: string[]) {
            super(url, protocols);
            scene.sockets.push(this);
          }
        },
        fetch: undefined,
        now: () => scene.nowMs,
        after: (ms, due) => scene.after(ms, due),
        chance: () => scene.chance,
        onWake(wake) {
          scene.wake = wake;
          return () => {
            scene.wake = undefined;
          };
        },
        ...world,
      },
    });
  }

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (!last) throw new Error('the client has not connected');
    return last;
  }

  get offsets(): number[] {
    return this.events.map(({ offset }) => offset);
  }

  /** Lets the client do what it has to do now. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Turns the clock. */
  async pass(ms: number): Promise<void> {
    const until = this.nowMs + ms;
    for (;;) {
      await this.settle();
      const [next] = this.timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.nowMs = Math.max(this.nowMs, next.at);
      next.due();
    }
    this.nowMs = until;
  }

  /** Brings the client to where it is told of what happens, from `streams` on. */
  async begin(streams: unknown = { 'branch:1': { epoch: 'a', offset: 10 } }): Promise<FakeSocket> {
    await this.settle();
    this.socket.open();
    this.socket.tell({ type: 'welcome', streams });
    return this.socket;
  }

  /** Nobody answers, so many times. */
  async fail(times: number): Promise<void> {
    for (let tries = 0; tries < times; tries += 1) {
      await this.pass(100);
      this.socket.end();
    }
    await this.pass(100);
  }

  /** Has the client come back after a loss; gives what it asks for. */
  async comeBack(): Promise<unknown> {
    await this.pass(2000);
    this.socket.open();
    this.socket.tell({ type: 'welcome', streams: { 'branch:1': { epoch: 'a', offset: 99 } } });
    return this.socket.said.find(({ type }) => type === 'resume')?.streams;
  }

  private after(ms: number, due: () => void): () => void {
    const timer = { at: this.nowMs + ms, due };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }
}

/** An event of a branch. */
export function event(offset: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  const stream = more.stream ?? 'branch:1';
  const head = { type: 'ROUND_READY', id: `${stream}-${offset}`, stream, offset };
  return { ...head, at: '2030-01-01T00:00:00Z', tenant_id: 1, branch_id: 1, ...more };
}
