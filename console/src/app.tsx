// Which page is shown: the answer of the server comes before the wish of the reader.

import { useEffect, useRef } from 'preact/hooks';
import { Frame } from './components/frame';
import { Toasts } from './components/toast';
import { cameras, link } from './data/feed';
import { words } from './i18n';
import { lazy } from './lazy';
import { Forbidden, SignedOut } from './pages/closed';
import { Live } from './pages/live';
import { type Route, route } from './routes';

const Camera = lazy(() => import('./pages/camera'));
const Shifts = lazy(() => import('./pages/shifts'));
const Events = lazy(() => import('./pages/events'));
const Places = lazy(() => import('./pages/places'));
const System = lazy(() => import('./pages/system'));

export function App() {
  const wanted = route.value;
  const title = words.value.title(nameOf(wanted));
  useEffect(() => {
    document.title = title;
  }, [title]);
  const first = useRef(true);
  useEffect(() => {
    // Whoever goes by keyboard or by ear begins at the new page, not where the old one was left.
    if (!first.current) document.getElementById('main')?.focus();
    first.current = false;
  }, [wanted.page]);
  return (
    <Frame>
      <Shown />
      <Toasts />
    </Frame>
  );
}

function nameOf({ page, rest }: Route): string {
  if (page !== 'camera') return words.value.pages[page];
  return cameras.value?.find(({ id }) => id === rest[0])?.name ?? words.value.pages.live;
}

function Shown() {
  const state = link.value;
  if (state.kind === 'signed-out') return <SignedOut />;
  if (state.kind === 'forbidden') return <Forbidden detail={state.detail} />;
  switch (route.value.page) {
    case 'camera':
      return <Camera />;
    case 'shifts':
      return <Shifts />;
    case 'events':
      return <Events />;
    case 'places':
      return <Places />;
    case 'system':
      return <System />;
    default:
      return <Live />;
  }
}
