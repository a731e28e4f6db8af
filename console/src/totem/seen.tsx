// What was seen of the person nearest to the totem, in words; every line has its place, known or not.

import type { ComponentChildren } from 'preact';
import { attributeValue, attributeWords } from '../i18n/attributes';
import { level, sound, voice } from './device';
import type { Answer, AttributeName, Detection } from './message';
import { totemWords } from './words';

export function SeenPanel({ answer }: { answer: Answer | undefined }) {
  const { title, people, colours, nearest } = totemWords.value;
  const { names } = attributeWords.value;
  const person = answer?.detections[0];
  const count = answer?.detections.length;
  return (
    <section class="seen" aria-labelledby="seen-title">
      <h1 id="seen-title">{title}</h1>
      <p class="people" data-fact="people">
        {count === undefined ? ' ' : people(count)}
        {count !== undefined && count > 1 && <span class="quiet"> · {nearest}:</span>}
      </p>
      <dl>
        <Line name={names.garment} values={[of(person, 'garment'), of(person, 'style')]} />
        <div>
          <dt>{colours}</dt>
          <dd data-fact="colours">
            <Values>
              {[of(person, 'primary_color'), of(person, 'secondary_color')]
                .filter((code) => code !== undefined)
                .map((code) => (
                  <Colour key={code} code={code} />
                ))}
            </Values>
          </dd>
        </div>
        <Line name={names.head_accessory} values={[of(person, 'head_accessory')]} />
        <Line name={names.bag} values={[of(person, 'bag')]} />
        <Line name={names.age_range} values={[of(person, 'age_range')]} />
        <VoiceLine />
      </dl>
    </section>
  );
}

/** What is known; a second colour that is the first again says nothing. */
const of = (person: Detection | undefined, name: AttributeName): string | undefined =>
  person?.attributes[name]?.value ?? undefined;

function Line({ name, values }: { name: string; values: (string | undefined)[] }) {
  const known = values.filter((value) => value !== undefined).map(attributeValue);
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Values>{known.length > 0 ? known.join(', ') : []}</Values>
      </dd>
    </div>
  );
}

function Values({ children }: { children: ComponentChildren }) {
  const isEmpty = Array.isArray(children) && children.length === 0;
  return isEmpty ? <span class="quiet">{totemWords.value.unknown}</span> : children;
}

/** The word, and beside it what it looks like. */
export function Colour({ code }: { code: string }) {
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
  const { voice: name, voiceStates, level: said } = totemWords.value;
  const percent = Math.round(level.value * 100);
  const heard = voice.value;
  const word = () => {
    if (sound.value !== 'on') return voiceStates[sound.value];
    if (!heard) return voiceStates.listening;
    return heard.speech_ratio >= SPEAKING ? voiceStates.speaking : voiceStates.quiet;
  };
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
        {word()}
      </dd>
    </div>
  );
}
