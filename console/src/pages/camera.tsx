// One camera as large as the window, with everything known about it.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Camera } from '../api';
import { BoxesButton, IconButton, SnapshotButton } from '../components/actions';
import { CloseIcon, FullScreenIcon, NextIcon, PreviousIcon } from '../components/icons';
import { Stage } from '../components/stage';
import { StateBadge } from '../components/state';
import { usePassing } from '../components/use';
import { aspectOf, visitsOf } from '../data/facts';
import { cameras, now } from '../data/feed';
import { shifts } from '../data/shifts';
import { timeOf, words } from '../i18n';
import { cameraHref, href } from '../routes';
import type { Playback } from '../video/player';

const HOME = href('live');

export function CameraPage({ id }: { id: string }) {
  const list = cameras.value;
  if (!list) return <p class="loading">{words.value.loading}</p>;
  const at = list.findIndex((camera) => camera.id === id);
  const camera = list[at];
  if (!camera) {
    return (
      <section class="page">
        <h1>{words.value.goneTitle}</h1>
        <a href={HOME}>{words.value.back}</a>
      </section>
    );
  }
  // The list is a ring: the wall's first camera follows its last.
  const neighbour = (step: number) => list[(at + step + list.length) % list.length] ?? camera;
  return <View key={id} camera={camera} previous={neighbour(-1)} next={neighbour(1)} />;
}

interface ViewProps {
  camera: Camera;
  previous: Camera;
  next: Camera;
}

function View({ camera, previous, next }: ViewProps) {
  const [trouble, say] = usePassing();
  const [playback, setPlayback] = useState<Playback>();
  const onPlayback = useCallback((now: Playback | undefined) => setPlayback(now), []);
  const hero = useRef<HTMLDivElement>(null);
  useKeys(previous, next);
  return (
    <section
      class="camera"
      aria-labelledby="camera-name"
      data-camera={camera.id}
      style={{ '--aspect': String(aspectOf([camera])) }}
    >
      <header>
        <h1 id="camera-name">{camera.name}</h1>
        <StateBadge camera={camera} />
        <span class="spring" />
        <BoxesButton camera={camera} />
        <SnapshotButton camera={camera} onTrouble={say} />
        {/* Phones may have no full screen for anything but their own player. */}
        {document.fullscreenEnabled && (
          <IconButton label={words.value.fullScreen} onClick={() => void hero.current?.requestFullscreen()}>
            <FullScreenIcon />
          </IconButton>
        )}
        {next !== camera && (
          <>
            <IconButton label={words.value.previous} onClick={() => go(previous)}>
              <PreviousIcon />
            </IconButton>
            <IconButton label={words.value.next} onClick={() => go(next)}>
              <NextIcon />
            </IconButton>
          </>
        )}
        <IconButton label={words.value.close} onClick={leave}>
          <CloseIcon />
        </IconButton>
      </header>
      <div class="hero" ref={hero}>
        <Stage camera={camera} onScreen={true} trouble={trouble} onTrouble={say} onPlayback={onPlayback} />
      </div>
      <Details camera={camera} playback={playback} />
    </section>
  );
}

function go(camera: Camera): void {
  // Leafing through cameras is one step of the browser's history, not one each.
  window.location.replace(cameraHref(camera.id));
}

function leave(): void {
  window.location.hash = HOME;
}

/** Arrow keys leaf, Escape goes back to the wall. */
function useKeys(previous: Camera, next: Camera): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.altKey || event.ctrlKey || event.metaKey || document.fullscreenElement) return;
      if (event.key === 'Escape') leave();
      else if (event.key === 'ArrowLeft') go(previous);
      else if (event.key === 'ArrowRight') go(next);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [previous, next]);
}

function Details({ camera, playback }: { camera: Camera; playback: Playback | undefined }) {
  const { status } = camera;
  const { facts, fps, frames, number, states, via } = words.value;
  const visits = visitsOf(shifts.value, camera);
  const rows: [string, string | undefined][] = [
    [facts.people, status.state === 'running' ? number(status.people_now) : undefined],
    [facts.visits, visits === undefined ? undefined : number(visits)],
    [facts.state, states[status.state]],
    [facts.since, status.since ? timeOf(Date.parse(status.since), now.value) : undefined],
    [facts.size, status.width > 0 ? `${status.width} × ${status.height} px` : undefined],
    [facts.fpsIn, fps(status.fps_in)],
    [facts.fpsAnalysed, fps(status.fps_analysed)],
    [facts.dropped, frames(status.frames_dropped)],
    [facts.inference, status.inference_ms > 0 ? `${number(Math.round(status.inference_ms))} ms` : undefined],
    [facts.reconnects, number(status.reconnects)],
    [facts.video, playback?.via && via[playback.via]],
    [facts.pipeline, camera.pipeline],
    [facts.lastError, status.last_error ?? undefined],
  ];
  return (
    <dl class="details">
      {rows.map(
        ([name, value]) =>
          value !== undefined && (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="figure">{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
