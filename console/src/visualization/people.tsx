// Everybody in the picture, in words; one of them can be marked in it.

import { attributeValue } from '../i18n/attributes';
import { ATTRIBUTES, type Detection } from '../totem/message';
import { newest } from './watch';
import { visualizationWords } from './words';

/** What was seen to be absent is left out, too: here it would not say of what. */
const isThere = (code: string | null | undefined): code is string =>
  typeof code === 'string' && code !== 'none';

interface PeopleProps {
  marked: number | undefined;
  onMark: (track: number | undefined) => void;
}

export function People({ marked, onMark }: PeopleProps) {
  const { nearestFirst, nobody } = visualizationWords.value;
  const people = newest.value?.detections ?? [];
  return (
    <section class="people" aria-labelledby="people-title">
      <h2 id="people-title">{nearestFirst}</h2>
      {people.length === 0 ? (
        <p class="quiet">{nobody}</p>
      ) : (
        <ol>
          {people.map((person, at) => (
            // Somebody without a number is told apart by the place in the list only.
            <li key={person.track ?? `new-${at}`}>
              <Person
                person={person}
                isMarked={person.track !== null && person.track === marked}
                onMark={onMark}
              />
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

interface PersonProps {
  person: Detection;
  isMarked: boolean;
  onMark: (track: number | undefined) => void;
}

function Person({ person, isMarked, onMark }: PersonProps) {
  const { mark, untracked } = visualizationWords.value;
  const { track, confidence } = person;
  const known = ATTRIBUTES.map((name) => person.attributes[name]?.value).filter(isThere);
  const name = track === null ? untracked : `#${track}`;
  return (
    <>
      <button
        type="button"
        aria-label={mark(name)}
        aria-pressed={isMarked}
        disabled={track === null}
        onClick={() => onMark(isMarked ? undefined : (track ?? undefined))}
      >
        {name}
      </button>
      <span class="figure">{Math.round(confidence * 100)} %</span>
      <span>{known.map(attributeValue).join(', ')}</span>
    </>
  );
}
