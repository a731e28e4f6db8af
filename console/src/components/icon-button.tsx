// A button with a drawing for a face and a name all the same.

import type { ComponentChildren } from 'preact';

interface IconButtonProps {
  /** What it does and to what, for screen readers and as a tip. */
  label: string;
  /** What it does in a word, shown where there is room. */
  name?: string;
  onClick: () => void;
  pressed?: boolean;
  disabled?: boolean;
  children: ComponentChildren;
}

export function IconButton({ label, name, onClick, pressed, disabled, children }: IconButtonProps) {
  return (
    <button
      type="button"
      class={name ? 'icon-button named' : 'icon-button'}
      title={label}
      aria-label={label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      {children}
      {name && <span>{name}</span>}
    </button>
  );
}
