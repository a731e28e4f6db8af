// One connection to the gateway for all pages of this browser: a user has three, and people open more tabs than that.
//
// It runs in a shared worker, or in the page where there is none, and keeps the newest events for pages that open later.

import type { connect as connectReal, GatewayEvent, Positions, State } from '../gateway';
import type { Back, Door, HubState, Item, Note, Port, ToHub, ToPage } from './items';
import { merged } from './items';
import type { Look } from './recall';
import { recall } from './recall';

/** Events are handed on in heaps: a replay brings hundreds at once. */
const FLUSH_AFTER_MS = 50;

export interface HubWorld {
  connect: typeof connectReal;
  look: (door: Door) => Look;
  now: () => number;
  after: (ms: number, due: () => void) => unknown;
}

export class Hub {
  private readonly pages = new Set<Port<ToPage>>();
  private client: ReturnType<typeof connectReal> | undefined;
  private who: string | undefined;
  private state: HubState = { kind: 'off' };
  private items: Item[] = [];
  private fresh: Item[] = [];
  private isDue = false;
  private nextSeq = 0;
  /** When the connection was lost, while it is not back. */
  private lostAt: number | undefined;
  private late = 0;
  private gaps = new Set<number>();
  private wasLive = false;

  constructor(private readonly world: HubWorld) {}

  /** A page comes; answers with what takes its messages. */
  attach(page: Port<ToPage>): (message: ToHub) => void {
    return (message) => this.hear(page, message);
  }

  private hear(page: Port<ToPage>, message: ToHub): void {
    switch (message.to) {
      case 'greet':
        page.postMessage({ told: 'state', state: this.state });
        break;
      case 'follow':
        this.follow(message.who, message.door);
        if (!this.pages.has(page)) {
          this.pages.add(page);
          page.postMessage({ told: 'items', how: 'all', items: this.items });
          page.postMessage({ told: 'state', state: this.state });
        }
        break;
      case 'wake':
        this.client?.wake();
        break;
      case 'leave':
        this.pages.delete(page);
    }
  }

  /** Listens as somebody; what another one heard is not theirs. */
  private follow(who: string, door: Door | undefined): void {
    if (who === this.who && this.state.kind !== 'closed') return;
    this.client?.close();
    this.client = undefined;
    if (who !== this.who) this.forget();
    this.who = who;
    if (!door) {
      this.tell({ kind: 'off' });
      return;
    }
    this.wasLive = false;
    // It speaks before it is known here; what one from before still says is nobody's.
    const isMine = () => this.client === undefined || this.client === client;
    const client = this.world.connect({
      endpoint: door,
      onEvent: (event) => isMine() && this.take(event),
      onGap: (streams) => isMine() && this.miss(streams),
      onState: (state) => isMine() && this.turn(state, door),
    });
    this.client = client;
  }

  private forget(): void {
    this.items = [];
    this.fresh = [];
    this.lostAt = undefined;
    for (const page of this.pages) page.postMessage({ told: 'items', how: 'all', items: [] });
  }

  private take(event: GatewayEvent): void {
    const late = this.lostAt !== undefined;
    if (late) this.late += 1;
    this.add({ seq: this.nextSeq++, event, late });
  }

  private miss(streams: string[]): void {
    const branches = streams.map((name) => Number(name.replace('branch:', '')));
    for (const branch of branches) this.gaps.add(branch);
    this.note({ what: 'gap', at: this.world.now(), branches });
  }

  private turn(state: State, door: Door): void {
    switch (state.kind) {
      case 'connecting':
        this.tell({ kind: 'connecting', lostAt: this.lostAt });
        break;
      case 'waiting':
        if (this.lostAt === undefined) this.lose();
        this.tell({
          kind: 'waiting',
          lostAt: this.lostAt ?? this.world.now(),
          retryAt: state.retryAt,
          reason: state.reason,
        });
        break;
      case 'live':
        this.tell({ kind: 'live', by: state.by, since: this.world.now(), back: this.comeBack() });
        if (!this.wasLive && state.by === 'websocket' && this.client) this.look(door, this.client.positions);
        this.wasLive = true;
        break;
      case 'closed':
        if (state.code !== 1000) this.tell({ kind: 'closed', code: state.code, reason: state.reason });
    }
  }

  private lose(): void {
    this.lostAt = this.world.now();
    this.late = 0;
    this.gaps = new Set();
    if (this.wasLive) this.note({ what: 'lost', at: this.lostAt });
  }

  private comeBack(): Back | undefined {
    const { lostAt, late } = this;
    this.lostAt = undefined;
    if (lostAt === undefined || !this.wasLive) return undefined;
    this.note({ what: 'back', at: this.world.now(), lostAt, late });
    return { lostAt, late, gaps: [...this.gaps] };
  }

  /** Asks for what happened before; it goes below what is there. */
  private look(door: Door, to: Positions): void {
    const { who } = this;
    void recall(this.world.look(door), to, (events) => {
      if (who !== this.who) return;
      const items = events.map((event, at): Item => ({ seq: at - events.length, event, late: false }));
      this.items = merged(this.items, 'older', items);
      for (const page of this.pages) page.postMessage({ told: 'items', how: 'older', items });
    });
  }

  private note(note: Note): void {
    this.add({ seq: this.nextSeq++, note });
  }

  private add(item: Item): void {
    this.fresh.push(item);
    if (this.isDue) return;
    this.isDue = true;
    this.world.after(FLUSH_AFTER_MS, () => this.flush());
  }

  private flush(): void {
    this.isDue = false;
    if (this.fresh.length === 0) return;
    const items = this.fresh.splice(0);
    this.items = merged(this.items, 'newer', items);
    for (const page of this.pages) page.postMessage({ told: 'items', how: 'newer', items });
  }

  private tell(state: HubState): void {
    this.state = state;
    for (const page of this.pages) page.postMessage({ told: 'state', state });
  }
}
