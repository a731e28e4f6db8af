// One camera as large as the window: its picture, what it sees now and this hour, and all of its settings.

import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Camera } from '../api';
import { SnapshotButton } from '../components/actions';
import { Skeleton, said, Trouble } from '../components/asked';
import { FeedNote } from '../components/feed-note';
import { Choice } from '../components/form';
import { IconButton } from '../components/icon-button';
import { CloseIcon, FullScreenIcon, NextIcon, PreviousIcon } from '../components/icons';
import { Stage } from '../components/stage';
import { StateBadge } from '../components/state';
import { useUnsaved } from '../components/unsaved';
import { usePassing } from '../components/use';
import { aspectOf } from '../data/facts';
import { kept } from '../data/removal';
import { words } from '../i18n';
import { type BoxesWay, boxesWay, setBoxes } from '../prefs';
import { cameraHref, href, type Route, replace, route } from '../routes';
import type { Playback } from '../video/player';
import { Boxes } from './camera/boxes';
import { Editor } from './camera/editor';
import { useStateLog } from './camera/log';
import { Now } from './camera/now';
import { OperateButtons, RemoveButton } from './camera/operate';
import { openGroup, Settings, type Test, whyFixed } from './camera/settings';
import type { Kind } from './camera/shapes';
import { Sketch } from './camera/sketch';
import { CameraStore } from './camera/store';
import { useTest } from './camera/test-mode';
import { cameraWords, changesSaid } from './camera/words';

const HOME = href('live');

export function Page() {
  const id = route.value.rest[0] ?? '';
  const list = kept.value;
  if (!list) return <Skeleton lines={6} />;
  const at = list.findIndex((camera) => camera.id === id);
  const camera = list[at];
  if (!camera) {
    return (
      <section class="page">
        <h1>{words.value.goneTitle}</h1>
        <p class="quiet">{words.value.goneHelp}</p>
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
  const [video, setVideo] = useState<HTMLVideoElement>();
  const onVideo = useCallback((next: HTMLVideoElement | undefined) => setVideo(next), []);
  const hero = useRef<HTMLDivElement>(null);
  const { store, editor, failed } = useStore(camera);
  const test = useTest(camera.id, editor);
  const way = boxesWay(camera.id);
  const isBlind = useBlind(playback, say, way === 'here');
  const aspect = aspectOf([camera]);
  // Before its first picture a camera may be drawn on all the same.
  const [width, height] =
    camera.status.width > 0 ? [camera.status.width, camera.status.height] : [1280, Math.round(1280 / aspect)];
  const described = store.camera.value;
  useEffect(() => {
    void store.follow(camera, () => editor.isChanged.value || editor.drawing.value !== undefined);
  }, [store, editor, camera]);
  const isUnsaved = () => store.drafts.value.size > 0 || editor.isUnsaved();
  useUnsaved((to) => isUnsaved() && !isOf(camera, to) && isThere(camera));
  useKeys(previous, next, () => !isUnsaved() && openKinds().length === 0);
  useStateLog(camera);
  return (
    <section
      class="camera"
      aria-labelledby="camera-name"
      data-camera={camera.id}
      style={{ '--aspect': String(aspect) }}
    >
      <Header camera={camera} previous={previous} next={next} hero={hero} way={way} onTrouble={say} />
      <div class="hero" ref={hero}>
        <Stage
          camera={camera}
          onScreen={true}
          drawn={way === 'drawn' || (way === 'here' && isBlind)}
          trouble={trouble}
          onTrouble={say}
          onPlayback={onPlayback}
          onVideo={onVideo}
        >
          {way === 'here' && !isBlind && <Boxes camera={camera.id} video={video} />}
          {described && (
            <Sketch
              editor={editor}
              kinds={whyFixed(described) ? [] : openKinds()}
              shown={openKinds()}
              width={width}
              height={height}
              tallies={test.since === undefined ? undefined : test.tallies}
              flashing={test.flashing}
            />
          )}
        </Stage>
      </div>
      <Side camera={camera} playback={playback} store={store} editor={editor} test={test} failed={failed} />
    </section>
  );
}

interface SideProps {
  camera: Camera;
  playback: Playback | undefined;
  store: CameraStore;
  editor: Editor;
  test: Test;
  failed: string | undefined;
}

function Side({ camera, playback, store, editor, test, failed }: SideProps) {
  const described = store.camera.value;
  return (
    <div class="side">
      <FeedNote camera={camera} />
      <Now camera={camera} playback={playback} />
      {failed && <Trouble text={failed} onAgain={() => void store.load().catch(() => undefined)} />}
      {described ? (
        <Settings camera={described} status={camera.status} store={store} editor={editor} test={test} />
      ) : (
        !failed && <Skeleton lines={6} />
      )}
      {described && !whyFixed(described) && <RemoveButton camera={camera} />}
    </div>
  );
}

/** What the open group is about. */
function openKinds(): readonly Kind[] {
  const open = openGroup();
  if (open === 'shapes') return SHAPES;
  return open === 'privacy' ? MASKS : [];
}

const SHAPES: readonly Kind[] = ['line', 'zone'];
const MASKS: readonly Kind[] = ['mask'];

/** The description with its version, and what is drawn of it. */
function useStore(camera: Camera) {
  const { id } = camera;
  const [failed, setFailed] = useState<string>();
  const store = useMemo(
    () => new CameraStore(id, (changes) => cameraWords.value.changed(changesSaid(changes))),
    [id],
  );
  const editor = useMemo(() => new Editor(), [id]);
  editor.nameFor = cameraWords.value.newName;
  useEffect(() => {
    const stop = new AbortController();
    store.load(stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) setFailed(said(error));
    });
    return () => stop.abort();
  }, [store]);
  const described = store.camera.value;
  useEffect(() => {
    setFailed(undefined);
    if (described) editor.load(described);
  }, [described]);
  return { store, editor, failed: described ? undefined : failed };
}

/**
 * Whether boxes cannot be drawn here: that takes pictures that say which they are, and MJPEG's do not. Then the server
 * draws them until there is WebRTC again.
 */
function useBlind(playback: Playback | undefined, say: (text: string) => void, isWanted: boolean): boolean {
  const [isBlind, setBlind] = useState(false);
  const via = playback?.via;
  useEffect(() => {
    if (via) setBlind(via === 'mjpeg');
  }, [via]);
  useEffect(() => {
    if (isBlind && isWanted) say(cameraWords.value.boxesNoWebrtc);
  }, [isBlind, isWanted]);
  return isBlind;
}

interface HeaderProps extends ViewProps {
  hero: { current: HTMLDivElement | null };
  way: BoxesWay;
  onTrouble: (text: string) => void;
}

const WAYS: readonly BoxesWay[] = ['drawn', 'here', 'off'];

function Header({ camera, previous, next, hero, way, onTrouble }: HeaderProps) {
  const { boxes } = words.value;
  const { boxesWays, boxesWaysHelp } = cameraWords.value;
  return (
    <header>
      <h1 id="camera-name">{camera.name}</h1>
      <StateBadge camera={camera} />
      <span class="spring" />
      <span class="boxes-way" title={boxesWaysHelp}>
        <span aria-hidden="true">{boxes}</span>
        <Choice
          label={boxes}
          value={way}
          onValue={(next) => setBoxes(camera.id, next)}
          options={WAYS.map((value) => ({ value, name: boxesWays[value] }))}
        />
      </span>
      <OperateButtons camera={camera} />
      <SnapshotButton camera={camera} onTrouble={onTrouble} />
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
  );
}

function go(camera: Camera): void {
  // Leafing through cameras is one step of the browser's history, not one each.
  replace(cameraHref(camera.id));
}

const isOf = ({ id }: Camera, to: Route | undefined) => to?.page === 'camera' && to.rest[0] === id;

/** A deleted camera has nothing that could be saved. */
const isThere = ({ id }: Camera) => kept.peek()?.some((camera) => camera.id === id) ?? true;

function leave(): void {
  window.location.hash = HOME;
}

/** Arrow keys leaf where they may, Escape goes back to the wall; not while somebody types, chooses or draws. */
function useKeys(previous: Camera, next: Camera, mayLeaf: () => boolean): void {
  const last = useRef(mayLeaf);
  last.current = mayLeaf;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.altKey || event.ctrlKey || event.metaKey || document.fullscreenElement) return;
      if (
        event.target instanceof Element &&
        event.target.closest('input, select, textarea, dialog, .sketch')
      ) {
        return;
      }
      if (event.key === 'Escape') leave();
      else if (!last.current()) return;
      else if (event.key === 'ArrowLeft') go(previous);
      else if (event.key === 'ArrowRight') go(next);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [previous, next]);
}
