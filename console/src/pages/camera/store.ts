// One camera's description as the server has it, with its version: what is saved is saved over what was seen.

import { signal } from '@preact/signals';
import { ApiError, type Camera, type Tagged } from '../../api';
import { type CameraPatch, getCamera, patchCamera } from '../../api/camera';
import { said } from '../../components/asked';
import { tell } from '../../components/toast';
import { refresh } from '../../data/feed';
import { type Change, changesOf, inverseOf } from './changes';
import { same } from './shapes';

/** Somebody else was faster: what they have changed, and what was to be saved. */
export interface Conflict {
  changes: Change[];
  patch: CameraPatch;
}

/** Whether two answers describe a camera in the same way, however it runs. */
function isSame({ status: _one, ...one }: Camera, { status: _other, ...other }: Camera): boolean {
  return same(one, other);
}

export class CameraStore {
  readonly camera = signal<Camera | undefined>(undefined);
  readonly conflict = signal<Conflict | undefined>(undefined);
  /** Why the last save was refused. */
  readonly refused = signal<string | undefined>(undefined);
  readonly saving = signal(false);
  /** How many forms hold something that is not saved. */
  readonly unsaved = signal(0);
  private etag: string | undefined;

  constructor(
    private readonly id: string,
    /** Says what was changed. */
    private readonly describe: (changes: Change[]) => string,
  ) {}

  /** Takes the camera as the server has it now. */
  async load(signal?: AbortSignal): Promise<Camera> {
    const got = await getCamera(this.id, signal);
    this.conflict.value = undefined;
    const before = this.camera.value;
    // Nothing new begins nothing anew: what is drawn keeps its steps back.
    this.take(before && isSame(before, got.value) ? { ...got, value: before } : got);
    return got.value;
  }

  /** Follows what somebody else has changed, as long as nothing here would be lost by it. */
  async follow(seen: Camera): Promise<void> {
    const known = this.camera.value;
    if (!known || this.unsaved.value > 0 || this.saving.value || isSame(known, seen)) return;
    // It says so itself when the server is away.
    await this.load().catch(() => undefined);
  }

  /** Saves over what was seen, says what changed, and offers the way back; whether it was done. */
  async save(patch: CameraPatch): Promise<boolean> {
    const before = this.camera.value;
    if (!before || this.saving.value) return false;
    this.saving.value = true;
    this.refused.value = undefined;
    try {
      const saved = await patchCamera(this.id, patch, this.etag);
      const changes = changesOf(before, saved.value);
      this.conflict.value = undefined;
      this.take(saved);
      refresh();
      if (changes.length > 0) {
        tell(this.describe(changes), () => this.takeBack(inverseOf(patch, before)));
      }
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) await this.meet(before, patch);
      else this.refused.value = said(error);
      return false;
    } finally {
      this.saving.value = false;
    }
  }

  /** Saves what was to be saved over what somebody else has changed meanwhile. */
  async insist(): Promise<void> {
    const wanted = this.conflict.value;
    if (!wanted) return;
    await this.load();
    await this.save(wanted.patch);
  }

  private async takeBack(patch: CameraPatch): Promise<void> {
    this.take(await patchCamera(this.id, patch, this.etag));
    refresh();
  }

  private async meet(before: Camera, patch: CameraPatch): Promise<void> {
    try {
      const theirs = await getCamera(this.id);
      this.conflict.value = { changes: changesOf(before, theirs.value), patch };
    } catch (error) {
      this.refused.value = said(error);
    }
  }

  private take({ value, etag }: Tagged<Camera>): void {
    this.camera.value = value;
    this.etag = etag;
  }
}
