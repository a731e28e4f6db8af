// A filter that is typed: what stands in the control now, and what the page goes by once the reader pauses.

import { useEffect, useRef, useState } from 'preact/hooks';

const PAUSE_MS = 300;

/** The control's text and its setter. `commit` is called after a pause; a `value` that changes otherwise takes over. */
export function useDraft(value: string, commit: (value: string) => void): [string, (next: string) => void] {
  const [draft, setDraft] = useState(value);
  const committed = useRef(value);
  const latest = useRef(commit);
  latest.current = commit;
  useEffect(() => {
    if (value === committed.current) return;
    committed.current = value;
    setDraft(value);
  }, [value]);
  useEffect(() => {
    if (draft === committed.current) return;
    const timer = setTimeout(() => {
      committed.current = draft;
      latest.current(draft);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  return [draft, setDraft];
}
