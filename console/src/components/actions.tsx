// What a person can do with a camera's picture; the same buttons on a tile and in the large view.

import { useState } from 'preact/hooks';
import { type Camera, restartCamera, serverNow, snapshot, startCamera } from '../api';
import { zoneOf } from '../data/branches';
import { wallOf } from '../data/clock';
import { isOff } from '../data/facts';
import { may } from '../data/feed';
import { words } from '../i18n';
import { boxesShown, toggleBoxes } from '../prefs';
import { IconButton } from './icon-button';
import { BoxesIcon, SnapshotIcon } from './icons';

export function BoxesButton({ camera }: { camera: Camera }) {
  const shown = boxesShown(camera.id);
  return (
    <IconButton
      label={words.value.boxesOf(camera.name)}
      name={words.value.boxes}
      pressed={shown}
      disabled={isOff(camera)}
      onClick={() => toggleBoxes(camera.id)}
    >
      <BoxesIcon shown={shown} />
    </IconButton>
  );
}

interface Reporting {
  camera: Camera;
  /** Told why an action failed, in the reader's language. */
  onTrouble: (text: string) => void;
}

export function SnapshotButton({ camera, onTrouble }: Reporting) {
  const [busy, setBusy] = useState(false);
  const take = async () => {
    setBusy(true);
    try {
      save(await snapshot(camera.id, boxesShown(camera.id)), `${camera.id}-${stamp(camera)}.jpg`);
    } catch (error) {
      onTrouble(words.value.noSnapshot(error instanceof Error ? error.message : String(error)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <IconButton
      label={words.value.snapshotOf(camera.name)}
      name={words.value.snapshot}
      disabled={busy || camera.status.state !== 'running'}
      onClick={() => void take()}
    >
      <SnapshotIcon />
    </IconButton>
  );
}

/** Start for a stopped camera, another try for a failed one; for those who may. */
export function ReviveButton({ camera, onTrouble }: Reporting) {
  const [busy, setBusy] = useState(false);
  const { state } = camera.status;
  if (!may('operate cameras') || (state !== 'stopped' && state !== 'failed')) return null;
  const revive = async () => {
    setBusy(true);
    try {
      await (state === 'stopped' ? startCamera(camera.id) : restartCamera(camera.id));
    } catch (error) {
      onTrouble(words.value.noAction(error instanceof Error ? error.message : String(error)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <button type="button" class="button" disabled={busy} onClick={() => void revive()}>
      {state === 'stopped' ? words.value.start : words.value.restart}
    </button>
  );
}

/** Hands a file to the browser, which puts it where it puts what is downloaded. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** `20251122-120431` by the clock of the camera's branch; it sorts and every file system takes it. */
function stamp({ branch_id }: Camera): string {
  const wall = new Date(wallOf(zoneOf(branch_id), serverNow())).toISOString();
  return wall.slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
}
