// The totem's page: before the start, while the browser asks, when something is in the way, and at work.

import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { Languages, ThemeButton } from '../components/choices';
import { CheckField } from '../components/form';
import { MarkIcon, StateShape } from '../components/icons';
import { words } from '../i18n';
import type { Trouble } from './camera';
import { sound, stage, start, wantSound } from './device';
import { Live } from './live';
import { totemWords } from './words';

export function Totem() {
  const { title } = totemWords.value;
  useEffect(() => {
    document.title = words.value.title(title);
  }, [title]);
  const now = stage.value;
  switch (now.kind) {
    case 'idle':
      return (
        <Screen>
          <Idle />
        </Screen>
      );
    case 'asking':
      return (
        <Screen>
          <div class="asking" role="status">
            <h1>{totemWords.value.asking}</h1>
          </div>
        </Screen>
      );
    case 'trouble':
      return (
        <Screen>
          <InTheWay trouble={now.trouble} />
        </Screen>
      );
    case 'on':
      return <Live isMirrored={now.isMirrored} />;
  }
}

function Screen({ children }: { children: ComponentChildren }) {
  return (
    <div class="totem">
      <header>
        <span class="mark">
          <MarkIcon />
          atalaya
        </span>
        <Languages />
        <ThemeButton />
      </header>
      <main>{children}</main>
    </div>
  );
}

function Idle() {
  const { title, what, kept, start: begin, withSound } = totemWords.value;
  return (
    <>
      <h1>{title}</h1>
      <p>{what}</p>
      <p>{kept}</p>
      <button type="button" class="button first begin" onClick={() => void start()}>
        {begin}
      </button>
      <CheckField
        label={withSound}
        checked={sound.value !== 'off'}
        onChecked={(isWanted) => void wantSound(isWanted)}
      />
    </>
  );
}

function InTheWay({ trouble }: { trouble: Trouble }) {
  const { title, text } = totemWords.value.troubles[trouble];
  return (
    <div class="in-the-way" role="alert" data-trouble={trouble}>
      <StateShape state="lost" />
      <h1>{title}</h1>
      <p>{text}</p>
      {trouble === 'insecure' && (
        <code>--unsafely-treat-insecure-origin-as-secure={window.location.origin}</code>
      )}
      {trouble !== 'insecure' && trouble !== 'unsupported' && (
        <button type="button" class="button" onClick={() => void start()}>
          {words.value.tryAgain}
        </button>
      )}
    </div>
  );
}
