// A camera that was just added, with its picture: whether it is what was meant.

import { useRef } from 'preact/hooks';
import type { Camera } from '../../api';
import { FeedNote, isFed } from '../../components/feed-note';
import { Stage } from '../../components/stage';
import { StateBadge } from '../../components/state';
import { usePassing } from '../../components/use';
import { aspectOf } from '../../data/facts';
import { cameras } from '../../data/feed';
import { words as common } from '../../i18n';
import { href } from '../../routes';
import { addWords } from './words';

interface CheckProps {
  camera: Camera;
  /** Back to the form. */
  onChange: () => void;
  /** Goes on to an address. */
  onDone: (next: string) => void;
}

export function Check({ camera: added, onChange, onDone }: CheckProps) {
  const words = addWords.value;
  const [trouble, say] = usePassing();
  // The first list that has it may be a second away.
  const listed = cameras.value?.find(({ id }) => id === added.id);
  const wasListed = useRef(false);
  if (listed) wasListed.current = true;
  const camera = listed ?? added;
  const { state, width } = camera.status;
  const isRunning = state === 'running' && width > 0;
  if (wasListed.current && cameras.value && !listed) {
    return (
      <div class="add-check">
        <p role="status">
          {common.value.goneTitle}. {common.value.goneHelp}
        </p>
        <div class="buttons">
          <button type="button" class="button" onClick={onChange}>
            {words.changeSettings}
          </button>
        </div>
      </div>
    );
  }
  return (
    <div class="add-check" data-check={camera.id}>
      <p class="add-head">
        <b>{camera.name}</b> <StateBadge camera={camera} />
      </p>
      <div class="hero" style={{ '--aspect': String(aspectOf([camera])) }}>
        <Stage camera={camera} onScreen={true} trouble={trouble} onTrouble={say} />
      </div>
      <FeedNote camera={camera} />
      <p role="status">{sentence(camera, isRunning)}</p>
      <div class="buttons">
        <button type="button" class="button first" onClick={() => onDone(href('live'))}>
          {isRunning ? words.done : words.keep}
        </button>
        {isRunning && (
          <button
            type="button"
            class="button"
            onClick={() => onDone(href('cameras', [camera.id], { set: 'shapes' }))}
          >
            {words.draw}
          </button>
        )}
        <button type="button" class="button" onClick={onChange}>
          {words.changeSettings}
        </button>
      </div>
    </div>
  );
}

/** How it is with its picture. */
function sentence(camera: Camera, isRunning: boolean): string {
  const words = addWords.value;
  const { state, width, height, fps_in } = camera.status;
  if (isRunning) return words.runs(`${width} × ${height} px`, common.value.fps(fps_in));
  if (state === 'failed') return words.failed;
  if (isFed(camera) && (state === 'connecting' || state === 'lost')) return words.awaited;
  return state === 'connecting' ? words.connecting : words.troubled;
}
