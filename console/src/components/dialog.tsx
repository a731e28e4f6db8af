// A question or a form above the page, as the browser's own modal: it keeps the keyboard in and gives it back.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { words } from '../i18n';
import { IconButton } from './icon-button';
import { CloseIcon } from './icons';

interface DialogProps {
  title: string;
  onClose: () => void;
  /** For what needs the room of a table or a picture. */
  wide?: boolean;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, wide, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby="dialog-title"
      onClose={onClose}
    >
      <header>
        <h2 id="dialog-title">{title}</h2>
        <IconButton label={words.value.close} onClick={() => dialog.current?.close()}>
          <CloseIcon />
        </IconButton>
      </header>
      {children}
    </dialog>
  );
}
