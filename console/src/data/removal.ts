// A camera that was deleted a moment ago: it is switched off and out of sight, and is gone for good once nobody has taken
// that back. A server that has deleted it could not bring its passwords back.

import { computed, signal } from '@preact/signals';
import { ApiError, type Camera } from '../api';
import { deleteCamera, patchCamera } from '../api/camera';
import { said } from '../components/asked';
import { tell } from '../components/toast';
import { words } from '../i18n';
import { cameras, refresh } from './feed';

/** A little longer than the word about it is shown. */
const FOR_GOOD_AFTER_MS = 11_000;

const going = signal<ReadonlySet<string>>(new Set());

/** The cameras as the page shows them. */
export const kept = computed<readonly Camera[] | undefined>(() =>
  cameras.value?.filter(({ id }) => !going.value.has(id)),
);

/** Switches a camera off at once and deletes it soon, unless `text` is answered by undo. */
export async function removeCamera(camera: Camera, text: string): Promise<void> {
  try {
    if (camera.enabled) await patchCamera(camera.id, { enabled: false });
  } catch (error) {
    if (!isGone(error)) throw error;
    // Somebody else was faster, and there is nothing left to take back.
    refresh();
    return;
  }
  mark(camera.id, true);
  const finish = (keepalive = false) => {
    clearTimeout(timer);
    window.removeEventListener('pagehide', onLeave);
    deleteCamera(camera.id, keepalive)
      .catch((error: unknown) => {
        if (!isGone(error)) tell(words.value.noAction(said(error)));
      })
      .finally(() => {
        refresh();
        mark(camera.id, false);
      });
  };
  const onLeave = () => finish(true);
  const timer = setTimeout(finish, FOR_GOOD_AFTER_MS);
  window.addEventListener('pagehide', onLeave);
  tell(text, async () => {
    clearTimeout(timer);
    window.removeEventListener('pagehide', onLeave);
    mark(camera.id, false);
    if (camera.enabled) await patchCamera(camera.id, { enabled: true });
    refresh();
  });
}

const isGone = (error: unknown) => error instanceof ApiError && error.gone;

function mark(id: string, isGoing: boolean): void {
  const next = new Set(going.value);
  if (isGoing) next.add(id);
  else next.delete(id);
  going.value = next;
}
