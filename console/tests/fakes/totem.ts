// The server's end of `/ws`, a clock that the test turns, and a camera without a lens.

import type { World } from '../../src/gateway/world';
import { Link, type LinkOptions, type LinkState } from '../../src/totem/link';
import type { Answer, ServerMessage, Voice } from '../../src/totem/message';
import { overSocket } from '../../src/totem/socket';
import type { Ears, Seen, Source, Transport, Way } from '../../src/totem/transport';
import { FakeSocket } from './gateway';

/** What a page on `/ws` has around it. */
export class Surroundings {
  readonly sockets: FakeSocket[] = [];
  nowMs = 1_000_000;
  wake: (() => void) | undefined;
  readonly world: Partial<World>;
  private timers: { at: number; due: () => void }[] = [];

  constructor() {
    const here = this;
    this.world = {
      WebSocket: class extends FakeSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols);
          here.sockets.push(this);
        }
      },
      now: () => this.nowMs,
      chance: () => 0.5,
      after: (ms, due) => {
        const timer = { at: this.nowMs + ms, due };
        this.timers.push(timer);
        return () => {
          this.timers = this.timers.filter((other) => other !== timer);
        };
      },
      onWake: (wake) => {
        this.wake = wake;
        return () => {
          this.wake = undefined;
        };
      },
    };
  }

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (!last) throw new Error('nobody has connected');
    return last;
  }

  /** What was said since, of a type. */
  said(type: string): Record<string, unknown>[] {
    return this.socket.said.filter((message) => message.type === type);
  }

  /** The server takes the connection. */
  async letIn(): Promise<void> {
    this.socket.open();
    this.socket.tell({ type: 'pong' });
    await this.settle();
  }

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
}

/** A link, and what it told. */
export class LinkScene extends Surroundings {
  readonly states: LinkState[] = [];
  readonly messages: ServerMessage[] = [];
  readonly link: Link;

  constructor(options: Partial<LinkOptions> = {}) {
    super();
    this.link = new Link({
      url: 'https://venue.example/totem',
      onState: (state) => this.states.push(state),
      onMessage: (message) => this.messages.push(message),
      ...options,
      world: this.world,
    });
    this.link.open();
  }
}

/** A totem at work, and what came of it. */
export class TotemScene extends Surroundings {
  readonly states: LinkState[] = [];
  readonly seen: Seen[] = [];
  readonly heard: Voice[] = [];
  readonly refused: (string | undefined)[] = [];
  readonly transport: Transport;
  /** What the camera sees; nothing while it is blind. */
  picture: string | undefined = 'data:image/jpeg;base64,AAAA';
  /** Sound of the microphone. */
  say: ((samples: Int16Array, rate: number) => void) | undefined;

  constructor(makeWay: (world: Partial<World>) => Way = TotemScene.bySocket) {
    super();
    const source: Source = {
      stream: undefined as unknown as MediaStream,
      picture: async () => this.picture,
      onSound: (hear) => {
        this.say = hear;
        return () => {
          this.say = undefined;
        };
      },
    };
    const ears: Ears = {
      state: (state) => this.states.push(state),
      seen: (answer) => this.seen.push(answer),
      film: () => undefined,
      heard: (voice) => this.heard.push(voice),
      refused: (code) => this.refused.push(code),
    };
    this.transport = makeWay(this.world)(source, ears, () => undefined);
    this.transport.start();
  }

  static bySocket(world: Partial<World>): Way {
    return overSocket({ url: 'https://venue.example/totem', query: 'totem=hall', world });
  }

  get pictures(): Record<string, unknown>[] {
    return this.said('image_stream');
  }

  /** Answers the last picture, or as another totem's when `more` has no `request_id`. */
  async answer(
    more: Record<string, unknown> = { request_id: this.pictures.at(-1)?.request_id },
  ): Promise<void> {
    this.socket.tell(answer(more));
    await this.settle();
  }
}

/** An answer in which one person is seen. */
export function answer(more: Record<string, unknown> = {}): Answer {
  const person = {
    track: 3,
    label: 'person',
    confidence: 0.9,
    box: [1, 2, 3, 4],
    face: null,
    attributes: {},
  };
  return {
    type: 'realtime_analysis',
    annotated_image: 'AAAA',
    engine: 'nanodet',
    timestamp: '2030-01-01T00:00:00Z',
    camera: 'totem-hall',
    branch_id: 1,
    width: 640,
    height: 480,
    detections: [person],
    detector_ran: true,
    analysis_age_ms: 0,
    ...more,
  } as Answer;
}
