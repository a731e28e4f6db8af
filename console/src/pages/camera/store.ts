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
  /** What was typed and not saved, by form: a form may be closed and opened again. */
  readonly drafts = signal<ReadonlyMap<string, object>>(new Map());
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

  /** Keeps what was typed into a form; undefined: nothing of it differs any more. */
  draft(form: string, typed: object | undefined): void {
    const next = new Map(this.drafts.value);
    if (typed) next.set(form, typed);
    else next.delete(form);
    this.drafts.value = next;
  }

  /** Follows what somebody else has changed, as long as nothing here would be lost by it: not while `isBusy`. */
  async follow(seen: Camera, isBusy: () => boolean): Promise<void> {
    const known = this.camera.value;
    const mayNot = () => this.drafts.value.size > 0 || this.saving.value || isBusy();
    if (!known || mayNot() || isSame(known, seen)) return;
    // It says so itself when the server is away.
    const got = await getCamera(this.id).catch(() => undefined);
    // Somebody may have begun to draw meanwhile: then the next save is told of the other's change.
    if (got && !mayNot() && this.camera.value === known) this.take(got);
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
    if (await this.save(wanted.patch)) this.drafts.value = new Map();
  }

  /** Takes what somebody else has changed, and gives up what was typed. */
  async giveWay(): Promise<void> {
    await this.load();
    this.drafts.value = new Map();
  }

  private async takeBack(patch: CameraPatch): Promise<void> {
    this.saving.value = true;
    try {
      this.take(await patchCamera(this.id, patch, this.etag));
    } finally {
      this.saving.value = false;
    }
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
    const before = this.camera.value;
    // Nothing new begins nothing anew: what is drawn keeps its steps back.
    if (!before || !isSame(before, value)) this.camera.value = value;
    this.etag = etag;
  }
}
