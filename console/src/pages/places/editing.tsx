// A form over one thing of the server's: saved to the version that was read, and asked about when that has changed.

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, type Tagged } from '../../api';
import { Skeleton, said, Trouble } from '../../components/asked';
import { Dialog } from '../../components/dialog';
import { words } from '../../i18n';
import { placeWords } from './words';

interface EditDialogProps<T> {
  title: string;
  /** What is there now; absent for what is new. */
  read?: () => Promise<Tagged<T>>;
  /** What the form begins with when nothing is read. */
  fresh?: T;
  /** Does it; a failure is shown in the form. */
  save: (draft: T, before: Tagged<T> | undefined) => Promise<void>;
  /** Why it cannot be saved as it is. */
  wrong?: (draft: T) => string | undefined;
  onClose: () => void;
  wide?: boolean;
  children: (draft: T, set: (change: Partial<T>) => void) => ComponentChildren;
}

export function EditDialog<T>(props: EditDialogProps<T>) {
  const { title, onClose, wide, wrong, children } = props;
  const form = useForm(props);
  const { draft, error, isChanged, isBusy } = form;
  const reason = draft === undefined ? undefined : wrong?.(draft);
  return (
    <Dialog title={title} onClose={onClose} {...(wide ? { wide } : {})}>
      {draft === undefined ? (
        error ? (
          <Trouble text={said(error)} onAgain={form.begin} />
        ) : (
          <Skeleton lines={4} />
        )
      ) : (
        <form
          class="edit"
          onSubmit={(event) => {
            event.preventDefault();
            void form.submit();
          }}
        >
          {children(draft, form.set)}
          {isChanged && <Conflict onTheirs={form.begin} onMine={() => void form.submit(true)} />}
          {error && !isChanged && <Trouble text={said(error)} />}
          {reason && <p class="quiet">{reason}</p>}
          <div class="buttons">
            <button type="submit" class="button first" disabled={isBusy || reason !== undefined}>
              {words.value.save}
            </button>
            <button type="button" class="button" onClick={onClose}>
              {words.value.cancel}
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

function useForm<T>({ read, fresh, save, onClose }: EditDialogProps<T>) {
  const [before, setBefore] = useState<Tagged<T>>();
  const [draft, setDraft] = useState<T | undefined>(fresh);
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const begin = () => {
    setError(undefined);
    read?.().then((found) => {
      setBefore(found);
      setDraft(found.value);
    }, setError);
  };
  useEffect(begin, []);
  const submit = async (overTheirs = false) => {
    if (draft === undefined) return;
    setBusy(true);
    try {
      const over = overTheirs && read ? await read() : before;
      await save(draft, over);
      onClose();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return {
    draft,
    error,
    isBusy,
    isChanged: error instanceof ApiError && error.status === 412,
    begin,
    submit,
    set: (change: Partial<T>) => setDraft((last) => last && { ...last, ...change }),
  };
}

function Conflict({ onTheirs, onMine }: { onTheirs: () => void; onMine: () => void }) {
  return (
    <div class="conflict" role="alert">
      <p>{placeWords.value.conflict}</p>
      <div class="buttons">
        <button type="button" class="button" onClick={onTheirs}>
          {words.value.takeTheirs}
        </button>
        <button type="button" class="button" onClick={onMine}>
          {words.value.keepMine}
        </button>
      </div>
    </div>
  );
}
