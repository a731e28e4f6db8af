// Which page is shown: the answer of the server comes before the wish of the reader.

import { useEffect } from 'preact/hooks';
import { Frame } from './components/frame';
import { link } from './data/feed';
import { words } from './i18n';
import { CameraPage } from './pages/camera';
import { Forbidden, SignedOut } from './pages/closed';
import { Live } from './pages/live';
import { route } from './routes';

export function App() {
  const title = words.value.title(words.value.live);
  useEffect(() => {
    document.title = title;
  }, [title]);
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
