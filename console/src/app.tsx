// Which page is shown: the answer of the server comes before the wish of the reader.

import { useEffect, useRef } from 'preact/hooks';
import { Frame } from './components/frame';
import { cameras, link } from './data/feed';
import { words } from './i18n';
import { CameraPage } from './pages/camera';
import { Forbidden, SignedOut } from './pages/closed';
import { Live } from './pages/live';
import { route } from './routes';

export function App() {
  const wanted = route.value;
  const camera = wanted.page === 'camera' && cameras.value?.find(({ id }) => id === wanted.camera);
  const title = words.value.title(camera ? camera.name : words.value.live);
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
      <Page />
    </Frame>
  );
}

function Page() {
  const state = link.value;
  if (state.kind === 'signed-out') return <SignedOut />;
  if (state.kind === 'forbidden') return <Forbidden detail={state.detail} />;
  const wanted = route.value;
  return wanted.page === 'camera' ? <CameraPage id={wanted.camera} /> : <Live />;
}
