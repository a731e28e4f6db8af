// A camera's picture with what has to be said upon it: what is wrong, and what is being done about it.

import type { ComponentChildren } from 'preact';
import { useCallback, useState } from 'preact/hooks';
import type { Camera } from '../api';
import { isOff } from '../data/facts';
import { now } from '../data/feed';
import { secondsUntil, words } from '../i18n';
import { boxesShown } from '../prefs';
import type { Playback } from '../video/player';
import { ReviveButton } from './actions';
import { Picture } from './picture';
import { stateDetail } from './state';

interface StageProps {
  camera: Camera;
  onScreen: boolean;
  /** With boxes drawn by the server; absent: as was chosen for this camera. */
  drawn?: boolean;
  /** Lines of the screen that the picture fills at most; absent: it is wanted as large as the camera has it. */
  lines?: number;
  trouble: string | undefined;
  onTrouble: (text: string) => void;
  onPlayback?: (playback: Playback | undefined) => void;
  onVideo?: (video: HTMLVideoElement | undefined) => void;
  /** What lies upon the picture, below what is said of it. */
  children?: ComponentChildren;
}

export function Stage(props: StageProps) {
  const { camera, onScreen, drawn, lines, trouble, onTrouble, onPlayback, onVideo, children } = props;
  const [playback, setPlayback] = useState<Playback>();
  const report = useCallback(
    (next: Playback | undefined) => {
      setPlayback(next);
      onPlayback?.(next);
    },
    [onPlayback],
  );
  const off = isOff(camera);
  const detail = stateDetail(camera);
  const note = videoNote(playback);
  return (
    <div class={`stage ${off ? 'off' : ''} ${playback?.phase === 'waiting' ? 'stale' : ''}`}>
      <Picture
        camera={camera.id}
        drawn={drawn ?? boxesShown(camera.id)}
        lines={lines}
        active={onScreen && !off}
        label={words.value.pictureOf(camera.name)}
        onPlayback={report}
        onVideo={onVideo}
      />
      {children}
      {off && (
        <div class="explanation">
          {detail?.reason && <p class="reason">{detail.reason}</p>}
          <p>{detail?.line}</p>
          <ReviveButton camera={camera} onTrouble={onTrouble} />
        </div>
      )}
      <div class="notes">
        {trouble && (
          <p class="note" role="status">
            {trouble}
          </p>
        )}
        {!off && detail && (
          <p class="note">
            {detail.line}
            {detail.reason && <span class="reason">{detail.reason}</span>}
          </p>
        )}
        {!off && !detail && note && <p class="note">{note}</p>}
      </div>
    </div>
  );
}

/** A word on the video itself, which may be interrupted while the camera is well. */
function videoNote(playback: Playback | undefined): string | undefined {
  switch (playback?.phase) {
    case 'connecting':
      return words.value.videoConnecting;
    case 'waiting':
      return words.value.videoWaiting(secondsUntil(playback.retryAt ?? 0, now.value));
    default:
      return undefined;
  }
}
