// The list: newest on top, still while somebody reads in it, and quick with ten thousand lines.

import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useSize } from '../../components/use';
import type { Item } from '../../events/items';
import { newerThan } from './rows';
import { eventWords } from './words';

interface ListProps {
  /** Newest first. */
  rows: readonly Item[];
  /** Changes when other lines are looked for: then the list begins anew. */
  about: string;
  line: (item: Item) => ComponentChildren;
  /** Said below the oldest. */
  end: ComponentChildren;
}

/** Lines are of one height; on a phone a sentence has two lines of text. */
const ROW_PX = 32;
const TALL_ROW_PX = 64;
const NARROW_PX = 640;
const SPARE = 8;

export function EventList({ rows, about, line, end }: ListProps) {
  const box = useRef<HTMLElement>(null);
  const size = useSize(box);
  const [top, setTop] = useState(0);
  const { shown, isHeld, hold, release } = useHeld(rows, about, top);
  const rowPx = (size?.width ?? 1000) < NARROW_PX ? TALL_ROW_PX : ROW_PX;
  const first = Math.max(0, Math.floor(top / rowPx) - SPARE);
  const last = Math.min(shown.length, Math.ceil((top + (size?.height ?? 800)) / rowPx) + SPARE);
  const fresh = isHeld ? newerThan(rows, shown[0]?.seq ?? -1) : 0;
  useLayoutEffect(() => {
    box.current?.scrollTo(0, 0);
  }, [about]);
  const toTop = () => {
    release();
    box.current?.scrollTo(0, 0);
    box.current?.focus();
  };
  return (
    <div class="events">
      <section
        class="event-list"
        ref={box}
        aria-label={eventWords.value.label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard
        tabIndex={0}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        onPointerMove={hold}
        onKeyDown={hold}
      >
        <ol style={{ height: `${shown.length * rowPx}px` }}>
          {shown.slice(first, last).map((item, at) => (
            <li
              key={item.seq}
              aria-setsize={shown.length}
              aria-posinset={first + at + 1}
              style={{ top: `${(first + at) * rowPx}px`, height: `${rowPx}px` }}
            >
              {line(item)}
            </li>
          ))}
        </ol>
        {end}
      </section>
      {fresh > 0 && (
        <button type="button" class="button first fresh" onClick={toTop}>
          {eventWords.value.fresh(fresh)}
        </button>
      )}
    </div>
  );
}

/** A line that moves while somebody is about to press it is another one by then. */
const HELD_FOR_MS = 4000;

/** The lines as they were when somebody began to read: below the top, or with the pointer or the keys in the list. */
function useHeld(rows: readonly Item[], about: string, top: number) {
  const [held, setHeld] = useState<readonly Item[]>();
  const [until, setUntil] = useState(0);
  const newest = useRef(rows);
  newest.current = rows;
  const isAway = top > 4;
  const isBusy = until > 0;
  useEffect(() => {
    if (until === 0) return;
    const timer = setTimeout(() => setUntil(0), until - Date.now());
    return () => clearTimeout(timer);
  }, [until]);
  useLayoutEffect(() => {
    setHeld(isAway || isBusy ? newest.current : undefined);
  }, [isAway || isBusy, about]);
  return {
    shown: held ?? rows,
    isHeld: held !== undefined,
    hold: () => setUntil((last) => (last > Date.now() + HELD_FOR_MS - 500 ? last : Date.now() + HELD_FOR_MS)),
    release: () => {
      setUntil(0);
      setHeld(undefined);
    },
  };
}
