// One part of a report: its name, what it is of, and a way to its rows.

import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { Rows } from '../../api/shifts';
import type { View } from './view';
import { say } from './words';

interface BlockProps {
  title: string;
  note?: ComponentChildren;
  /** The rows behind it. */
  rows?: Rows;
  view: View;
  /** Its room, where there is more than a column: see shifts.css. */
  room?: 'rest tall' | 'wide last';
  children: ComponentChildren;
}

export function Block({ title, note, rows, view, room, children }: BlockProps) {
  const id = useId();
  return (
    <section class={room ? `block ${room}` : 'block'} aria-labelledby={id}>
      <div class="block-head">
        <h2 id={id}>{title}</h2>
        {rows && (
          <button
            type="button"
            class="link"
            aria-label={say.value.exportOf(say.value.rows[rows])}
            onClick={() => view.onExport(rows)}
          >
            {say.value.export}
          </button>
        )}
      </div>
      {children}
      {note && <p class="quiet footnote">{note}</p>}
    </section>
  );
}
