// What happened to one camera: when its picture was there and when it was lost, as far back as the gateway remembers, and
// every change of state while the page is open.

import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { Camera } from '../../api';
import { timeAt } from '../../data/branches';
import { now, session } from '../../data/feed';
import { connect, type GatewayEvent } from '../../gateway';
import { fromServer } from '../../i18n/server';
import { cameraWords } from './words';

interface Entry {
  id: string;
  at: number;
  kind: 'online' | 'offline' | 'failed' | 'state';
  state?: Camera['status']['state'];
  reason?: string | undefined;
}

const MOST = 200;

export function Log({ camera }: { camera: Camera }) {
  const words = cameraWords.value;
  const hearsAll = session.value?.roles.includes('admin') ?? false;
  const told = useEvents(camera.id, hearsAll);
  const seen = seenStates.value.get(camera.id) ?? [];
  const entries = [...told, ...seen].sort((a, b) => b.at - a.at).slice(0, MOST);
  const text = ({ kind, state }: Entry) => {
    if (kind === 'state' && state) return words.logStates[state];
    if (kind === 'online') return words.logOnline;
    return kind === 'failed' ? words.logFailed : words.logOffline;
  };
  return (
    <div class="log">
      <p class="quiet">
        {words.reconnects(camera.status.reconnects)}
        {!hearsAll && `. ${words.logPartly}`}
      </p>
      {entries.length === 0 && <p class="quiet">{words.logEmpty}</p>}
      <ol aria-label={words.log}>
        {entries.map((entry) => (
          <li key={entry.id} class={entry.kind}>
            <time dateTime={new Date(entry.at).toISOString()}>
              {timeAt(entry.at, now.value, camera.branch_id)}
            </time>
            <span>
              {text(entry)}
              {entry.reason && <span class="reason">{fromServer(entry.reason)}</span>}
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** The gateway's events of this camera; all that it still has, then those that come. */
function useEvents(camera: string, mayHear: boolean): readonly Entry[] {
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  useEffect(() => {
    if (!mayHear) return;
    setEntries([]);
    const client = connect({
      endpoint: 'admin',
      since: {},
      onEvent: (event) => {
        const entry = entryOf(event, camera);
        if (entry) setEntries((before) => [...before.slice(-MOST), entry]);
      },
      onGap: () => undefined,
    });
    return () => client.close();
  }, [camera, mayHear]);
  return entries;
}

function entryOf(event: GatewayEvent, camera: string): Entry | undefined {
  if (event.camera !== camera) return undefined;
  const at = Date.parse(String(event.since ?? event.at));
  const reason = typeof event.reason === 'string' ? event.reason : undefined;
  if (event.type === 'CAMERA_ONLINE') return { id: event.id, at, kind: 'online' };
  if (event.type !== 'CAMERA_OFFLINE') return undefined;
  return { id: event.id, at, kind: event.state === 'failed' ? 'failed' : 'offline', reason };
}

const seenStates = signal<ReadonlyMap<string, readonly Entry[]>>(new Map());

/** Notes each change of state that the page sees: some are too short to be told as events. */
export function useStateLog(camera: Camera): void {
  const { state, since, reason } = camera.status;
  useEffect(() => {
    const before = seenStates.value.get(camera.id) ?? [];
    const at = since ? Date.parse(since) : Date.now();
    const id = `${state} ${at}`;
    if (before.some((entry) => entry.id === id)) return;
    const entry: Entry = { id, at, kind: 'state', state, reason: reason ?? undefined };
    seenStates.value = new Map(seenStates.value).set(camera.id, [...before.slice(-MOST), entry]);
  }, [camera.id, state, since]);
}
