// A list that the server tells page by page: the next page is asked for when the last rows come into sight.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, type List } from '../../api';

export interface Endless<T> {
  /** What is there so far; undefined before the first page. */
  items: readonly T[] | undefined;
  error: ApiError | undefined;
  busy: boolean;
  /** Whether all of it is there. */
  whole: boolean;
  more: () => void;
  /** From the first page on. */
  again: () => void;
}

interface State<T> {
  items: readonly T[] | undefined;
  cursor: string | null;
  error: ApiError | undefined;
  busy: boolean;
}

const NOTHING = { items: undefined, cursor: null, error: undefined, busy: true };

/** Asks anew whenever one of `on` changes; until there is an answer, `again` leaves the old rows where they are. */
export function useEndless<T>(
  ask: (cursor: string | undefined) => Promise<List<T>>,
  on: readonly unknown[],
): Endless<T> {
  const [state, setState] = useState<State<T>>(NOTHING);
  const [turn, setTurn] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  // Answers to what is not asked any more are dropped.
  const round = useRef(0);
  const load = useCallback((cursor: string | null, before: readonly T[]) => {
    const mine = round.current;
    setState((last) => ({ ...last, busy: true, error: undefined }));
    latest.current(cursor ?? undefined).then(
      (page) => {
        if (mine !== round.current) return;
        setState({
          items: [...before, ...page.items],
          cursor: page.next_cursor,
          error: undefined,
          busy: false,
        });
      },
      (cause: unknown) => {
        const error = cause instanceof ApiError ? cause : new ApiError(0, String(cause));
        if (mine === round.current) setState((last) => ({ ...last, error, busy: false }));
      },
    );
  }, []);
  const question = JSON.stringify(on);
  const asked = useRef(question);
  useEffect(() => {
    round.current += 1;
    if (asked.current !== question) setState(NOTHING);
    asked.current = question;
    load(null, []);
    return () => {
      round.current += 1;
    };
  }, [question, turn]);
  const more = () => {
    if (state.items && state.cursor && !state.busy && !state.error) load(state.cursor, state.items);
  };
  return {
    items: state.items,
    error: state.error,
    busy: state.busy,
    whole: state.items !== undefined && state.cursor === null,
    more,
    again: () => setTurn((n) => n + 1),
  };
}
