// What totems see, as it is told to everybody: the picture, figures, and every message.

import { useEffect, useState } from 'preact/hooks';
import { Languages, ThemeButton } from '../components/choices';
import { Command } from '../components/command';
import { Choice } from '../components/form';
import { MarkIcon, StateShape } from '../components/icons';
import { useNow } from '../components/use';
import { timeIn } from '../data/clock';
import { lasting, secondsUntil, words } from '../i18n';
import { Annotated } from '../totem/annotated';
import { isSignedOut } from '../totem/link';
import { choose } from './address';
import { MessageConsole } from './console';
import { FigureList } from './figure-list';
import { People } from './people';
import { again, current, line, newest, totems, version } from './watch';
import { visualizationWords } from './words';

export function Visualization() {
  const { title } = visualizationWords.value;
  useEffect(() => {
    document.title = words.value.title(title);
  }, [title]);
  const state = line.value;
  return (
    <div class="frame watching">
      <header class="bar">
        <span class="mark">
          <MarkIcon />
          <h1>{title}</h1>
        </span>
        <TotemPicker />
        <Languages />
        <ThemeButton />
      </header>
      <LineBanner />
      <main id="main" class={state.kind === 'waiting' ? 'old' : ''}>
        {state.kind === 'closed' ? <Closed code={state.code} reason={state.reason} /> : <Watching />}
      </main>
    </div>
  );
}

function TotemPicker() {
  version.value;
  const names = [...totems.keys()].sort();
  if (names.length < 2) return <span class="spring" />;
  const options = names.map((name) => ({ value: name, name }));
  return (
    <div class="totems">
      <Choice
        label={visualizationWords.value.totem}
        value={current()?.name ?? ''}
        onValue={(name) => {
          choose('totem', name);
          newest.value = current()?.answer;
        }}
        options={options}
      />
    </div>
  );
}

function LineBanner() {
  const now = useNow();
  const state = line.value;
  return (
    <div role="status">
      {state.kind === 'waiting' && (
        <div class="banner">
          <StateShape state="lost" />
          <p>
            {visualizationWords.value.lost(timeIn(undefined, state.since, now))}{' '}
            <span class="figure" aria-hidden="true">
              {words.value.retryIn(secondsUntil(state.retryAt, now))}
            </span>
          </p>
          <button type="button" class="button" onClick={again}>
            {words.value.tryAgain}
          </button>
        </div>
      )}
    </div>
  );
}

/** The server turned this page away: how to come in. */
function Closed({ code, reason }: { code: number; reason: string }) {
  const isOut = isSignedOut(code);
  return (
    <section class="page" data-page="signed-out">
      <h2>
        <b>{isOut ? words.value.signedOutTitle : visualizationWords.value.turnedAway(reason)}</b>
      </h2>
      {isOut && (
        <>
          <p>{words.value.signedOut}</p>
          <Command text="atalaya token link" />
          <p class="quiet">{words.value.signedOutNote}</p>
        </>
      )}
      <button type="button" class="button" onClick={again}>
        {words.value.tryAgain}
      </button>
    </section>
  );
}

function Watching() {
  const [track, setTrack] = useState<number>();
  version.value;
  const totem = current();
  return (
    <div class="watch">
      <div class="seen-picture">{totem ? <Picture name={totem.name} track={track} /> : <Empty />}</div>
      <FigureList />
      <People marked={track} onMark={setTrack} />
      <MessageConsole />
    </div>
  );
}

function Picture({ name, track }: { name: string; track: number | undefined }) {
  const now = useNow();
  const answer = newest.value;
  const totem = totems.get(name);
  const isStale = totem?.isStale(now) ?? false;
  const marked = answer?.detections.find((each) => each.track !== null && each.track === track)?.box;
  return (
    <div class={isStale ? 'of-totem stale' : 'of-totem'}>
      <Annotated answer={answer} label={visualizationWords.value.pictureOf(name)} marked={marked} />
      <p class="caption">
        <StateShape state={isStale ? 'lost' : 'running'} />
        {totem && isStale ? visualizationWords.value.stale(name, lasting(now - totem.at)) : name}
      </p>
    </div>
  );
}

function Empty() {
  const { connecting, empty, emptyCameras, emptyTitle } = visualizationWords.value;
  const address = new URL('totem', document.baseURI).href;
  if (line.value.kind !== 'live') return <p class="quiet">{connecting}</p>;
  return (
    <div class="no-totem">
      <h2>
        <b>{emptyTitle}</b>
      </h2>
      <p>{empty}</p>
      <p>
        <a href={address}>{address}</a>
      </p>
      <p>
        <a href={new URL('.', document.baseURI).href}>{emptyCameras}</a>
      </p>
    </div>
  );
}
