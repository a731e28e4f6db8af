// What switches a camera on and off, and what deletes it; for those who may.

import { useState } from 'preact/hooks';
import { type Camera, restartCamera, startCamera } from '../../api';
import { stopCamera } from '../../api/camera';
import { attempt, tell } from '../../components/toast';
import { may, refresh } from '../../data/feed';
import { removeCamera } from '../../data/removal';
import { words as common } from '../../i18n';
import { href } from '../../routes';
import { cameraWords } from './words';

export function OperateButtons({ camera }: { camera: Camera }) {
  const words = cameraWords.value;
  const [busy, setBusy] = useState(false);
  if (!may('operate cameras')) return null;
  const { id, name } = camera;
  const operate = async (work: () => Promise<unknown>, text?: string, undo?: () => unknown) => {
    setBusy(true);
    const isDone = await attempt(work);
    setBusy(false);
    if (isDone && text) tell(text, undo);
    refresh();
  };
  if (camera.status.state === 'stopped') {
    return (
      <button
        type="button"
        class="button"
        disabled={busy}
        onClick={() => void operate(() => startCamera(id))}
      >
        {common.value.start}
      </button>
    );
  }
  return (
    <>
      <button
        type="button"
        class="button"
        disabled={busy}
        onClick={() => void operate(() => restartCamera(id), words.restarted(name))}
      >
        {common.value.restart}
      </button>
      <button
        type="button"
        class="button"
        disabled={busy}
        onClick={() =>
          void operate(
            () => stopCamera(id),
            words.stopped(name),
            () => startCamera(id),
          )
        }
      >
        {words.stop}
      </button>
    </>
  );
}

export function RemoveButton({ camera }: { camera: Camera }) {
  const words = cameraWords.value;
  const remove = async () => {
    if (!(await attempt(() => removeCamera(camera, words.removed(camera.name))))) return;
    window.location.hash = href('live');
  };
  return (
    <p class="remove">
      <button type="button" class="button" onClick={() => void remove()}>
        {words.remove}
      </button>
      <span class="quiet">{words.removeHelp}</span>
    </p>
  );
}
