// A list that the server tells page by page: the next page is asked for when the last rows come into sight.

import { useState } from 'preact/hooks';
import { ApiError, type List } from '../../api';
import { useAsked } from '../../components/asked';

export interface Endless<T> {
  /** What is there so far; undefined before the first page. */
  items: readonly T[] | undefined;
  error: ApiError | undefined;
  more: () => void;
  /** From the first page on. */
  again: () => void;
}

/** The pages behind a first one. */
interface Rest<T> {
  behind: List<T>;
  items: readonly T[];
  cursor: string | null;
  busy: boolean;
  error?: ApiError;
}

/** Asks anew whenever one of `on` changes; until there is an answer, `again` leaves the old rows where they are. */
export function useEndless<T>(
  ask: (cursor: string | undefined) => Promise<List<T>>,
  on: readonly unknown[],
): Endless<T> {
  const { value: behind, error, again } = useAsked(() => ask(undefined), on);
  const [last, setRest] = useState<Rest<T>>();
  if (!behind) return { items: undefined, error, more: () => undefined, again };
  // What came behind a first page that is not shown any more is dropped.
  const none: Rest<T> = { behind, items: [], cursor: behind.next_cursor, busy: false };
  const rest = last?.behind === behind ? last : none;
  const put = (next: Rest<T>) => setRest((now) => (now?.behind === behind ? next : now));
  const more = () => {
    if (!rest.cursor || rest.busy || rest.error) return;
    setRest({ ...rest, busy: true });
    ask(rest.cursor).then(
      ({ items, next_cursor: cursor }) =>
        put({ behind, items: [...rest.items, ...items], cursor, busy: false }),
      (cause: unknown) => {
        const error = cause instanceof ApiError ? cause : new ApiError(0, String(cause));
        put({ ...rest, busy: false, error });
      },
    );
  };
  return { items: [...behind.items, ...rest.items], error: error ?? rest.error, more, again };
}
