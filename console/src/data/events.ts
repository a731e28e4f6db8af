// What happens in the branches, as the gateway tells it, for all pages of the console.

import { effect, signal } from '@preact/signals';
import type { Session } from '../api';
import { type Door, type HubState, type Item, merged, type ToHub, type ToPage } from '../events/items';
import { session } from './feed';

/** How the connection stands. */
export const gateway = signal<HubState>({ kind: 'off' });

/** The newest, up to ten thousand, oldest first. */
export const items = signal<readonly Item[]>([]);

/** Roles that have a door of the gateway, the widest first. */
const DOORS: readonly Door[] = ['admin', 'waiter', 'kitchen'];

export function doorOf(roles: readonly string[]): Door | undefined {
  return DOORS.find((door) => roles.includes(door));
}

/** Listens for as long as somebody is signed in. */
export function followEvents(): void {
  let line: Promise<MessagePort> | undefined;
  let who = '';
  const say = (message: ToHub) => void line?.then((port) => port.postMessage(message));
  effect(() => {
    const next = session.value;
    if (!next && !line) return;
    // The server is asked again who one is after each loss; the same answer is no news.
    if (next && whoIs(next) === who) return;
    who = next ? whoIs(next) : '';
    line ??= openLine();
    say({ to: 'follow', who, door: next && doorOf(next.roles) });
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') say({ to: 'wake' });
  });
  window.addEventListener('pagehide', () => say({ to: 'leave' }));
  // A page that comes back from the browser's memory was told nothing meanwhile.
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted && session.value) say({ to: 'follow', who, door: doorOf(session.value.roles) });
  });
}

const whoIs = ({ subject, roles }: Session) => [subject, ...roles].join(' ');

async function openLine(): Promise<MessagePort> {
  const port = (await shared()) ?? (await own());
  port.onmessage = ({ data }: MessageEvent<ToPage>) => {
    if (data.told === 'state') gateway.value = data.state;
    else items.value = merged(items.value, data.how, data.items);
  };
  return port;
}

/** The connection of all pages of this browser; undefined where pages cannot share. */
async function shared(): Promise<MessagePort | undefined> {
  const source = document.querySelector<HTMLMetaElement>('meta[name="events-worker"]')?.content;
  if (!source || !('SharedWorker' in window)) return undefined;
  try {
    const worker = new SharedWorker(source, { type: 'module' });
    const isThere = await new Promise<boolean>((resolve) => {
      worker.onerror = () => resolve(false);
      worker.port.onmessage = () => resolve(true);
      worker.port.postMessage({ to: 'greet' } satisfies ToHub);
    });
    return isThere ? worker.port : undefined;
  } catch {
    return undefined; // Some browsers forbid it in private windows.
  }
}

/** A connection of this page's own. */
async function own(): Promise<MessagePort> {
  const { newHub } = await import('../events/start');
  const { port1, port2 } = new MessageChannel();
  const hear = newHub().attach(port2);
  port2.onmessage = ({ data }) => hear(data);
  return port1;
}
