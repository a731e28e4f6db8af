// One camera on the wall: its name and state, its picture, its figures, and what can be done with it.

import { useCallback, useRef, useState } from 'preact/hooks';
import type { Camera } from '../api';
import { timeAt } from '../data/branches';
import { visitsOf } from '../data/facts';
import { now } from '../data/feed';
import { shifts } from '../data/shifts';
import { words } from '../i18n';
import { cameraHref } from '../routes';
import type { Playback } from '../video/player';
import { BoxesButton, SnapshotButton } from './actions';
import { Figure } from './figure';
import { OpenIcon } from './icons';
import { Stage } from './stage';
import { StateBadge } from './state';
import { useOnScreen, usePassing } from './use';

export function Tile({ camera, lines }: { camera: Camera; lines: number }) {
  const element = useRef<HTMLElement>(null);
  const onScreen = useOnScreen(element);
  const [trouble, say] = usePassing();
  const [playback, setPlayback] = useState<Playback>();
  const onPlayback = useCallback((next: Playback | undefined) => setPlayback(next), []);
  const visits = visitsOf(shifts.value, camera);
  const old = shifts.value.get(camera.branch_id)?.oldSince;
  const nameId = `name-${camera.id}`;
  return (
    <article class="tile" ref={element} aria-labelledby={nameId} data-camera={camera.id}>
      <header>
        <h2 id={nameId} title={camera.name}>
          {camera.name}
        </h2>
        <StateBadge camera={camera} />
      </header>
      <div class="hero">
        <Stage
          camera={camera}
          lines={lines}
          onScreen={onScreen}
          trouble={trouble}
          onTrouble={say}
          onPlayback={onPlayback}
        />
      </div>
      <footer>
        <p class="figures">
          {camera.status.state === 'running' && (
            <span>
              <Figure value={camera.status.people_now} /> {words.value.now}
            </span>
          )}
          {visits !== undefined && (
            <span
              class={old === undefined ? '' : 'old'}
              title={
                old === undefined ? undefined : words.value.asOf(timeAt(old, now.value, camera.branch_id))
              }
            >
              <Figure value={visits} /> {words.value.visits(visits)}
            </span>
          )}
        </p>
        {playback?.via && (
          <span class="via" title={words.value.viaHelp[playback.via]} data-via={playback.via}>
            {words.value.via[playback.via]}
          </span>
        )}
        <BoxesButton camera={camera} />
        <SnapshotButton camera={camera} onTrouble={say} />
        <a
          class="icon-button to-camera"
          href={cameraHref(camera.id)}
          title={words.value.open(camera.name)}
          aria-label={words.value.open(camera.name)}
        >
          <OpenIcon />
        </a>
      </footer>
    </article>
  );
}
