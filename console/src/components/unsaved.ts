// Asks before what is not saved is lost: on the way to another page, and when the tab is closed or loaded anew.

import { useEffect, useRef } from 'preact/hooks';
import { words } from '../i18n';
import { guard, type Route } from '../routes';

/** @param isLostAt whether something would be lost by going to a page; undefined: by leaving the console */
export function useUnsaved(isLostAt: (next: Route | undefined) => boolean): void {
  const last = useRef(isLostAt);
  last.current = isLostAt;
  useEffect(() => {
    const release = guard((next) => !last.current(next) || window.confirm(words.value.leaveUnsaved));
    const onUnload = (event: BeforeUnloadEvent) => {
      if (last.current(undefined)) event.preventDefault();
    };
    window.addEventListener('beforeunload', onUnload);
    return () => {
      release();
      window.removeEventListener('beforeunload', onUnload);
    };
  }, []);
}
