// One camera's description as the server has it, with its version: what is saved is saved over what was seen.

import { signal } from '@preact/signals';
import { ApiError, type Camera, type Tagged } from '../../api';
import { type CameraPatch, getCamera, patchCamera } from '../../api/camera';
import { said } from '../../components/asked';
import { tell } from '../../components/toast';
import { refresh } from '../../data/feed';
import { type Change, changesOf, inverseOf } from './changes';

/** Somebody else was faster: what they have changed, and what was to be saved. */
export interface Conflict {
  changes: Change[];
  patch: CameraPatch;
}

export class CameraStore {
  readonly camera = signal<Camera | undefined>(undefined);
  readonly conflict = signal<Conflict | undefined>(undefined);
  /** Why the last save was refused. */
  readonly refused = signal<string | undefined>(undefined);
  readonly saving = signal(false);
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
    this.take(got);
    return got.value;
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
