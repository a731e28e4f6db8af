// The shift in one line, and beside others of its name or the one that was put beside it.

import type { KeyFigures } from '../../api/shifts';
import { Figure } from '../../components/figure';
import { clockIn, span } from '../../data/clock';
import { cameras } from '../../data/feed';
import { words } from '../../i18n';
import { change, figure } from './figures';
import { shiftTitle, type View } from './view';
import { say } from './words';

export const cameraName = (id: string) => cameras.value?.find((camera) => camera.id === id)?.name ?? id;

export function Facts({ view }: { view: View }) {
  const { visits, unique_people, occupancy_peak, dwell_median_s } = view.first.summary;
  const isOne = view.scope.camera !== undefined;
  const zone = view.branch.time_zone;
  return (
    <p class="shift-facts">
      <span data-fact="visits">
        <Figure value={visits} /> {say.value.visits(visits)}
      </span>
      {unique_people === null ? (
        <span>{say.value.noEntrance}</span>
      ) : (
        <span data-fact="people">
          <Figure value={unique_people} />{' '}
          {isOne ? say.value.peopleSeen(unique_people) : say.value.people(unique_people)}
        </span>
      )}
      {occupancy_peak ? (
        <span data-fact="peak">
          <Figure value={occupancy_peak.people} />{' '}
          {say.value.atOnce(clockIn(zone, Date.parse(occupancy_peak.at)), cameraName(occupancy_peak.camera))}
        </span>
      ) : (
        <span>{say.value.nobodyMeasured}</span>
      )}
      {dwell_median_s !== null && (
        <span data-fact="stay">
          <b class="figure">{span(dwell_median_s * 1000)}</b> {say.value.median}
        </span>
      )}
    </p>
  );
}

/** One column of the comparison. */
interface Other {
  key: string;
  name: string;
  figures: KeyFigures;
}

const KEYS = [
  'visits',
  'unique_people',
  'entries',
  'exits',
  'occupancy_peak',
  'dwell_median_s',
  'dwell_p95_s',
] as const;

export function Compared({ view }: { view: View }) {
  const { first, second, scope } = view;
  const others = othersOf(view);
  const figures = say.value.figures;
  const nameOf = (key: (typeof KEYS)[number]) =>
    key === 'unique_people' && scope.camera ? figures.people_seen : figures[key];
  return (
    <section class="block compared" aria-labelledby="compared">
      <h2 id="compared">{say.value.compared}</h2>
      <table class="compare">
        <thead>
          <tr>
            <th scope="col">{say.value.figure}</th>
            <th scope="col">
              {second ? shiftTitle(first.summary.shift, view.branch.time_zone) : say.value.thisShift}
            </th>
            {others.map(({ key, name }) => (
              <th key={key} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {KEYS.map((key) => (
            <tr key={key}>
              <th scope="row">{nameOf(key)}</th>
              <td>{said(key, first.figures[key])}</td>
              {others.map((other) => (
                <Cell key={other.key} name={key} ours={first.figures[key]} theirs={other.figures[key]} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="quiet footnote">{noteOf(view, others)}</p>
    </section>
  );
}

function othersOf({ first, second, branch }: View): Other[] {
  const zone = branch.time_zone;
  if (second) {
    return [{ key: 'second', name: shiftTitle(second.summary.shift, zone), figures: second.figures }];
  }
  const others: Other[] = [];
  const { previous, mean } = first;
  if (previous) {
    const day = shiftTitle(previous.shift, zone).split(', ').slice(1).join(', ');
    others.push({ key: 'previous', name: say.value.before(day), figures: previous.figures });
  }
  if (mean) others.push({ key: 'mean', name: say.value.meanOf(mean.shifts), figures: mean.figures });
  return others;
}

function noteOf({ first, second }: View, others: readonly Other[]): string {
  if (others.length === 0) return say.value.nothingEarlier;
  if (second) return first.running !== second.running ? say.value.partAndWhole : '';
  return first.running ? say.value.untilSameTime : '';
}

const isStay = (key: string) => key.startsWith('dwell');

function said(key: string, value: number | null): string {
  if (value === null) return '–';
  return isStay(key) ? staySaid(value) : figure(value);
}

function Cell({ name, ours, theirs }: { name: string; ours: number | null; theirs: number | null }) {
  return (
    <td>
      {said(name, theirs)}
      {ours !== null && theirs !== null && (
        <small>
          <span class="unseen">{say.value.difference}: </span>
          {change(ours, theirs, isStay(name) ? staySaid : figure)}
        </small>
      )}
    </td>
  );
}

/** `132 visits`. */
export const visitCount = (n: number) => `${words.value.number(n)} ${say.value.visits(n)}`;

const staySaid = (seconds: number) => span(seconds * 1000);
