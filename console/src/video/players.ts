// The players in use. All who show the same picture of a camera, in the same size and with or without boxes, share a
// player, and so one stream.

import { Player } from './player';

/** A picture that scrolls out and back in, or whose page is left for a moment, goes on without a new connection. */
const LINGER_MS = 2000;

/** A tab in the background for this long lets its streams go: they cost the venue's network. */
const HIDDEN_AFTER_MS = 30_000;

interface Entry {
  player: Player;
  users: number;
  linger?: ReturnType<typeof setTimeout>;
}

const entries = new Map<string, Entry>();

/** The player of one of a camera's pictures (`viewQuery`); hand it back with `release`. */
export function acquire(camera: string, query: string): { player: Player; release: () => void } {
  const key = camera + query;
  let entry = entries.get(key);
  if (!entry) {
    entry = { player: new Player(camera, query), users: 0 };
    entries.set(key, entry);
  }
  const held = entry;
  clearTimeout(held.linger);
  held.users += 1;
  const release = () => {
    held.users -= 1;
    if (held.users > 0) return;
    held.linger = setTimeout(() => {
      held.player.stop();
      entries.delete(key);
    }, LINGER_MS);
  };
  return { player: held.player, release };
}

function stopAll(): void {
  for (const { player } of entries.values()) player.stop();
}

function startAll(): void {
  for (const { player } of entries.values()) player.start();
}

/** Lets all streams go when nobody looks and when the page is left; takes them up again on return. */
export function followPage(): void {
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const rest = () => {
    stopped = true;
    stopAll();
  };
  const wake = () => {
    clearTimeout(timer);
    if (stopped) startAll();
    stopped = false;
  };
  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    if (document.visibilityState === 'hidden') timer = setTimeout(rest, HIDDEN_AFTER_MS);
    else wake();
  });
  window.addEventListener('pagehide', rest);
  window.addEventListener('pageshow', wake);
}
