// What was just done, in a sentence, with the way back where there is one.

import { signal } from '@preact/signals';
import { words } from '../i18n';
import { said } from './asked';

interface Toast {
  id: number;
  text: string;
  /** Takes it back. */
  undo?: () => unknown;
}

/** Long enough to read it, see the mistake and reach the button. */
const STAYS_MS = 10_000;

const toasts = signal<readonly Toast[]>([]);
let last = 0;

/** Says what was done; with `undo`, for as long as it is shown it can be taken back. */
export function tell(text: string, undo?: () => unknown): void {
  last += 1;
  const id = last;
  toasts.value = [...toasts.value.slice(-2), undo ? { id, text, undo } : { id, text }];
  setTimeout(() => drop(id), STAYS_MS);
}

/** Does something and says why when it fails; whether it was done. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    tell(words.value.noAction(said(error)));
    return false;
  }
}

function drop(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" role="status">
      {toasts.value.map(({ id, text, undo }) => (
        <div key={id} class="toast">
          <p>{text}</p>
          {undo && (
            <button
              type="button"
              class="button"
              onClick={() => {
                drop(id);
                void attempt(async () => undo());
              }}
            >
              {words.value.undo}
            </button>
          )}
          <button type="button" class="button" onClick={() => drop(id)}>
            {words.value.dismiss}
          </button>
        </div>
      ))}
    </div>
  );
}
