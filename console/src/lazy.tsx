// Pages that are loaded when somebody goes there: the first visit pays for the wall only.

import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Trouble } from './components/asked';
import { words } from './i18n';

/** A page's module has its component as `Page`. */
interface PageModule {
  Page: ComponentType;
}

export function lazy(load: () => Promise<PageModule>): ComponentType {
  let known: ComponentType | undefined;
  return function Lazy() {
    const [Page, setPage] = useState<ComponentType | undefined>(() => known);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (Page || failed) return;
      load().then(
        (module) => {
          known = module.Page;
          setPage(() => module.Page);
        },
        () => setFailed(true),
      );
    }, [Page, failed]);
    if (Page) return <Page />;
    // A server that was changed meanwhile has other files; a browser asks only once for a module that failed.
    if (failed) return <Trouble text={words.value.noPage} onAgain={() => window.location.reload()} />;
    return <p class="loading">{words.value.loading}</p>;
  };
}
