// What a page has asked the server for: a skeleton until it is there, the old answer while it is away, and why.

import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api';
import { words } from '../i18n';
import { StateShape } from './icons';

/** An answer, or the last one there was. */
export interface Asked<T> {
  value: T | undefined;
  /** Why there is no newer one. */
  error: ApiError | undefined;
  /** When `value` is from, ms of this machine's clock. */
  at: number | undefined;
  /** Whether an answer is on its way. */
  busy: boolean;
  /** Asks again at once. */
  again: () => void;
}

/**
 * Asks when the page is opened and whenever one of `on` changes, and every `everyMs` if given while the page is seen.
 * An answer to an earlier question is dropped; so is the last answer when `on` changes.
 */
export function useAsked<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  on: readonly unknown[],
  everyMs?: number,
): Asked<T> {
  const [state, setState] = useState<Omit<Asked<T>, 'again'>>(NOTHING);
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((n) => n + 1), []);
  const latest = useRef(ask);
  latest.current = ask;
  const question = JSON.stringify(on);
  const asked = useRef(question);
  const busy = useRef(false);
  useEffect(() => {
    const stop = new AbortController();
    const isNew = asked.current !== question;
    asked.current = question;
    setState((last) => ({ ...(isNew ? NOTHING : last), busy: true }));
    busy.current = true;
    latest.current(stop.signal).then(
      (value) => {
        if (!stop.signal.aborted) setState({ value, error: undefined, at: Date.now(), busy: false });
        if (!stop.signal.aborted) busy.current = false;
      },
      (cause: unknown) => {
        const error = cause instanceof ApiError ? cause : new ApiError(0, String(cause));
        if (!stop.signal.aborted) setState((last) => ({ ...last, error, busy: false }));
        if (!stop.signal.aborted) busy.current = false;
      },
    );
    return () => stop.abort();
  }, [question, turn]);
  useEffect(() => {
    if (!everyMs) return;
    const timer = setInterval(() => {
      // A server that takes longer than this to answer is not asked again before it has.
      if (document.visibilityState === 'visible' && !busy.current) again();
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs, again]);
  return { ...state, again };
}

const NOTHING = { value: undefined, error: undefined, at: undefined, busy: true };

interface ShowProps<T> {
  of: Asked<T>;
  /** As much room as the answer will take, so that nothing jumps. */
  skeleton?: ComponentChildren;
  children: (value: T) => ComponentChildren;
}

/** The answer; before it a skeleton; why there is none, or none newer, above it. */
export function Show<T>({ of, skeleton, children }: ShowProps<T>) {
  const { value, error, again } = of;
  if (value === undefined) {
    if (error) return <Trouble text={said(error)} onAgain={again} />;
    return <>{skeleton ?? <Skeleton lines={3} />}</>;
  }
  return (
    <>
      {error && <Trouble text={said(error)} onAgain={again} />}
      {children(value)}
    </>
  );
}

/** An error in the reader's language where it is ours, in the server's words where it is its. */
export function said(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.status === 0) return words.value.noAnswer;
  if (error.status === 403) return words.value.mayNot(error.message);
  return error.message;
}

/** Why something is not there, and a way to try again. */
export function Trouble({ text, onAgain }: { text: string; onAgain?: () => void }) {
  return (
    <div class="trouble" role="alert">
      <StateShape state="lost" />
      <p>{text}</p>
      {onAgain && (
        <button type="button" class="button" onClick={onAgain}>
          {words.value.tryAgain}
        </button>
      )}
    </div>
  );
}

/** Lines of grey where text will be. */
export function Skeleton({ lines }: { lines: number }) {
  return (
    <div class="skeleton" role="status" aria-label={words.value.loading}>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} />
      ))}
    </div>
  );
}
