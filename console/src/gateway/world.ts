// What a client needs of where it runs, so that tests can turn its clock.

import type { SocketMaker } from './line';

export interface World {
  /** Absent where there is none: then events come over plain HTTP. */
  WebSocket?: SocketMaker | undefined;
  fetch?: typeof fetch | undefined;
  /** Milliseconds. */
  now(): number;
  /** Calls `due` after `ms`, unless the answer is called before. */
  after(ms: number, due: () => void): () => void;
  /** 0 to 1. */
  chance(): number;
  /** Calls `wake` when the network is back or somebody looks at the page again, until the answer is called. */
  onWake(wake: () => void): () => void;
}

/** The browser's, or Node's. */
export const world: World = {
  WebSocket: globalThis.WebSocket as SocketMaker | undefined,
  fetch: globalThis.fetch?.bind(globalThis),
  now: () => Date.now(),
  after(ms, due) {
    const timer = setTimeout(due, ms);
    return () => clearTimeout(timer);
  },
  chance: Math.random,
  onWake(wake) {
    const page = globalThis.document;
    const seen = () => page.visibilityState === 'visible' && wake();
    globalThis.addEventListener?.('online', wake);
    page?.addEventListener('visibilitychange', seen);
    return () => {
      globalThis.removeEventListener?.('online', wake);
      page?.removeEventListener('visibilitychange', seen);
    };
  },
};
