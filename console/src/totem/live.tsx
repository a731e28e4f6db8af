// The totem at work: the picture as large as there is room, what was seen beside it, and what can be done.

import { useEffect, useRef, useState } from 'preact/hooks';
import { Languages } from '../components/choices';
import { IconButton } from '../components/icon-button';
import { FullScreenIcon, MicrophoneIcon, StateShape, StopIcon, TurnCameraIcon } from '../components/icons';
import { useNow } from '../components/use';
import { timeIn } from '../data/clock';
import { secondsUntil, words } from '../i18n';
import { Annotated } from './annotated';
import {
  again,
  aspect,
  canTurn,
  film,
  line,
  refused,
  seen,
  sound,
  stop,
  turn,
  video,
  wantSound,
} from './device';
import { isSignedOut } from './link';
import { Outlined } from './outlined';
import { SeenPanel } from './seen';
import { totemWords } from './words';

export function Live({ isMirrored }: { isMirrored: boolean }) {
  return (
    <div class="totem live">
      <main style={{ '--aspect': aspect.value }}>
        <div class="picture">
          <Preview isMirrored={isMirrored} />
          {/* The plain picture below shows that the camera works while nothing is answered. */}
          {isAnswering() && <Drawn isMirrored={isMirrored} label={totemWords.value.picture} />}
          <Notice />
        </div>
        <SeenPanel answer={isAnswering() ? seen.value : undefined} />
      </main>
      <Toolbar />
    </div>
  );
}

/** By the server on each picture, or here on the video that comes back. */
function Drawn({ isMirrored, label }: { isMirrored: boolean; label: string }) {
  if (film.value) return <Outlined film={film.value} isMirrored={isMirrored} label={label} />;
  return <Annotated answer={seen.value} label={label} />;
}

const isAnswering = () => line.value.kind === 'live' && refused.value === undefined;

/** The camera's own picture. Its element is the totem's, as pictures for the server are taken out of it. */
function Preview({ isMirrored }: { isMirrored: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    place.current?.append(video);
  }, []);
  return <div ref={place} class={isMirrored ? 'preview mirrored' : 'preview'} aria-hidden="true" />;
}

/** What stands between the visitor and an answer; nothing while all is well. */
function Notice() {
  const now = useNow();
  const { connecting, lost, refusals, refused: refusedBy, signedOut, turnedAway } = totemWords.value;
  const state = line.value;
  const text = () => {
    switch (state.kind) {
      case 'connecting':
        return connecting;
      case 'waiting':
        return lost(timeIn(undefined, state.since, now));
      case 'closed':
        return isSignedOut(state.code) ? signedOut : turnedAway(state.reason);
      case 'live':
        return refused.value && (refusals[refused.value] ?? refusedBy(refused.value));
    }
  };
  const said = text();
  return (
    <div role="status" class="notice" data-line={state.kind}>
      {said && (
        <>
          <StateShape state={state.kind === 'connecting' ? 'connecting' : 'lost'} />
          <p>
            {said}
            {state.kind === 'waiting' && (
              <span aria-hidden="true"> {words.value.retryIn(secondsUntil(state.retryAt, now))}.</span>
            )}
          </p>
          {state.kind === 'closed' && (
            <button type="button" class="button" onClick={again}>
              {words.value.tryAgain}
            </button>
          )}
        </>
      )}
    </div>
  );
}

function Toolbar() {
  const { turn: turnWord, soundOn, soundOff, stop: stopWord } = totemWords.value;
  const isHeard = sound.value === 'on';
  return (
    <footer>
      <button type="button" class="button stop" onClick={stop}>
        <StopIcon />
        {stopWord}
      </button>
      {canTurn.value && (
        <IconButton label={turnWord} onClick={() => void turn()}>
          <TurnCameraIcon />
        </IconButton>
      )}
      <IconButton label={isHeard ? soundOff : soundOn} onClick={() => void wantSound(!isHeard)}>
        <MicrophoneIcon isOn={isHeard} />
      </IconButton>
      <FullScreenButton />
      <Languages />
    </footer>
  );
}

function FullScreenButton() {
  const [isFull, setIsFull] = useState(() => document.fullscreenElement !== null);
  useEffect(() => {
    const look = () => setIsFull(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, []);
  // Phones of one maker have it for videos only.
  if (!document.fullscreenEnabled) return null;
  const { fullScreen, leaveFullScreen } = totemWords.value;
  const change = () =>
    (isFull ? document.exitFullscreen() : document.documentElement.requestFullscreen()).catch(
      () => undefined,
    );
  return (
    <IconButton label={isFull ? leaveFullScreen : fullScreen} onClick={() => void change()}>
      <FullScreenIcon />
    </IconButton>
  );
}
