// What was seen of the person nearest to the totem, in words; every line has its place, known or not.

import type { ComponentChildren } from 'preact';
import { attributeValue, attributeWords } from '../i18n/attributes';
import { level, line, sound, voice } from './device';
import type { AttributeName } from './message';
import type { Seen } from './transport';
import { totemWords } from './words';

export function SeenPanel({ answer }: { answer: Seen | undefined }) {
  const { title, people, colours, nearest, unknown } = totemWords.value;
  const { names } = attributeWords.value;
  const count = answer?.detections.length;
  const of = (...wanted: AttributeName[]) =>
    wanted.map((name) => answer?.detections[0]?.attributes[name]?.value).filter((code) => code != null);
  // Nobody to say it of is another thing than somebody of whom it is not seen.
  const nothing = <span class="quiet">{count ? unknown : '–'}</span>;
  const worded = (codes: string[]) => (codes.length > 0 ? codes.map(attributeValue).join(', ') : nothing);
  const shown = of('primary_color', 'secondary_color');
  return (
    <section
      class="seen"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard
      tabIndex={0}
      aria-labelledby="seen-title"
    >
      <h1 id="seen-title">{title}</h1>
      <p class="people" data-fact="people">
        {count !== undefined && people(count)}
        {count !== undefined && count > 1 && <span class="quiet"> · {nearest}:</span>}
      </p>
      <dl>
        <Line name={names.garment} fact="garment">
          {worded(of('garment', 'style'))}
        </Line>
        <Line name={colours} fact="colours">
          {shown.length > 0 ? shown.map((code) => <Colour key={code} code={code} />) : nothing}
        </Line>
        <Line name={names.head_accessory} fact="head">
          {worded(of('head_accessory'))}
        </Line>
        <Line name={names.bag} fact="bag">
          {worded(of('bag'))}
        </Line>
        <Line name={names.age_range} fact="age">
          {worded(of('age_range'))}
        </Line>
        <VoiceLine />
      </dl>
    </section>
  );
}

function Line({ name, fact, children }: { name: string; fact: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-fact={fact}>{children}</dd>
    </div>
  );
}

/** The word, and beside it what it looks like. */
function Colour({ code }: { code: string }) {
  return (
    <span class="colour">
      <i class={`swatch ${code}`} aria-hidden="true" />
      {attributeValue(code)}
    </span>
  );
}

/** More of a sound than this is somebody speaking, and not a cough. */
const SPEAKING = 0.1;

function VoiceLine() {
  const { voice: name, level: said } = totemWords.value;
  const percent = Math.round(level.value * 100);
  return (
    <div>
      <dt id="voice-name">{name}</dt>
      <dd data-fact="voice">
        {/* biome-ignore lint/a11y/useSemanticElements: each browser draws <meter> in its own way, and none as a line */}
        <span
          class="loudness"
          role="meter"
          aria-labelledby="voice-name"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={percent}
          aria-valuetext={said(percent)}
        >
          <i style={{ width: `${percent}%` }} />
        </span>
        <VoiceWord />
      </dd>
    </div>
  );
}

function VoiceWord() {
  const { voiceStates } = totemWords.value;
  if (sound.value !== 'on') return <span class="quiet">{voiceStates[sound.value]}</span>;
  if (line.value.kind !== 'live') return <span class="quiet">{voiceStates.waiting}</span>;
  const heard = voice.value;
  if (!heard) return <span>{voiceStates.listening}</span>;
  return <span>{heard.speech_ratio >= SPEAKING ? voiceStates.speaking : voiceStates.quiet}</span>;
}
