// What was had of each stream: tells new events from those that came already, and what has to be asked for again.

import type { GatewayEvent } from './events';
import type { Position, Positions, ToldPositions } from './protocol';

/** Names of events that are remembered: of what a busy minute brings. */
const MAX_NAMES = 1024;

export class Ledger {
  private places: Map<string, Position>;
  /** Names that publishers gave their events, oldest first: who publishes again after an error says the same. */
  private readonly names = new Set<string>();
  /** What came since more was asked for. It waits, as events from before may still come behind it. */
  private held: GatewayEvent[] | undefined;

  constructor(since: Positions = {}) {
    this.places = new Map(Object.entries(since).map(([name, place]) => [name, { ...place }]));
  }

  get positions(): Positions {
    return Object.fromEntries([...this.places].map(([name, place]) => [name, { ...place }]));
  }

  /** From now on events are held until {@link resumed}. Those held before go: they will be sent again. */
  hold(): void {
    this.held = [];
  }

  /** Lets go of what is held: the connection is over. */
  release(): void {
    this.held = undefined;
  }

  /** An event came; whether it is new and to be handed over now. */
  take(event: GatewayEvent): boolean {
    if (this.held) {
      this.held.push(event);
      return false;
    }
    const { stream, offset } = event;
    // Of a stream that was not told of no epoch is known. The server will not know it either and say so, which is true.
    const place = this.places.get(stream) ?? { epoch: '', offset: 0 };
    this.places.set(stream, place);
    if (offset <= place.offset) return false;
    place.offset = offset;
    return this.isNew(`${stream} ${event.id}`);
  }

  /**
   * Where the streams are as one begins to listen.
   *
   * @returns streams that are not where they were
   */
  begin(streams: ToldPositions): string[] {
    const before = this.places;
    this.places = new Map(
      Object.entries(streams).map(([name, { epoch, offset }]) => [name, { epoch, offset }]),
    );
    return [...new Set([...before.keys(), ...this.places.keys()])].filter((name) => {
      const [was, is] = [before.get(name), this.places.get(name)];
      return was?.epoch !== is?.epoch || was?.offset !== is?.offset;
    });
  }

  /**
   * The answer to a resume, after all that was missed and is known.
   *
   * @returns streams of which something is lost, and the events that were held
   */
  resumed(streams: ToldPositions, recovered: boolean): { missed: string[]; events: GatewayEvent[] } {
    const before = this.places;
    const held = this.held ?? [];
    // A stream that the server is silent about it knows nothing of, so nothing of it was sent.
    const missed = [...before.keys()].filter((name) => !streams[name]);
    this.held = undefined;
    this.places = new Map();
    for (const [name, told] of Object.entries(streams)) {
      const isWhole = told.recovered ?? recovered;
      if (!isWhole) missed.push(name);
      // What came of a stream that begins anew came as it happened.
      this.places.set(name, { epoch: told.epoch, offset: (isWhole && before.get(name)?.offset) || 0 });
    }
    held.sort((a, b) => (a.stream === b.stream ? a.offset - b.offset : a.stream < b.stream ? -1 : 1));
    const events = held.filter((event) => this.take(event));
    for (const [name, told] of Object.entries(streams)) this.raise(name, told);
    return { missed, events };
  }

  /**
   * Streams begin, or something of them was lost.
   *
   * @returns streams of which something is lost
   */
  told(streams: ToldPositions): string[] {
    // What is asked for again is answered for all streams.
    if (this.held) return [];
    return Object.entries(streams).flatMap(([name, told]) => {
      const hasChanged = this.raise(name, told);
      return hasChanged || told.recovered === false ? [name] : [];
    });
  }

  /** @returns whether the stream is another one than before */
  private raise(name: string, { epoch, offset }: Position): boolean {
    const place = this.places.get(name);
    const hasChanged = !!place?.epoch && place.epoch !== epoch;
    this.places.set(name, { epoch, offset: hasChanged ? offset : Math.max(offset, place?.offset ?? 0) });
    return hasChanged;
  }

  private isNew(name: string): boolean {
    if (this.names.has(name)) return false;
    this.names.add(name);
    if (this.names.size > MAX_NAMES) {
      for (const oldest of this.names) {
        this.names.delete(oldest);
        break;
      }
    }
    return true;
  }
}
