// Who crossed which line, and how long people were in which zone: tables, as people compare them.

import type { ShiftSummary } from '../../api/shifts';
import { span } from '../../data/clock';
import { words } from '../../i18n';
import { Block } from './block';
import { cameraName } from './facts';
import { shiftTitle, type View } from './view';
import { say } from './words';

const number = (n: number | undefined) => (n === undefined ? '–' : words.value.number(n));
const stay = (seconds: number | null | undefined) => (seconds == null ? '–' : span(seconds * 1000));

/** What both shifts have, then what only the second one has. */
function pairs<T>(
  ours: readonly T[],
  theirs: readonly T[],
  keyOf: (each: T) => string,
): [T | undefined, T | undefined, T][] {
  const second = new Map(theirs.map((each) => [keyOf(each), each]));
  const both: [T | undefined, T | undefined, T][] = ours.map((each) => [each, second.get(keyOf(each)), each]);
  const known = new Set(ours.map(keyOf));
  return [
    ...both,
    ...theirs
      .filter((each) => !known.has(keyOf(each)))
      .map((each) => [undefined, each, each] as [undefined, T, T]),
  ];
}

type Line = ShiftSummary['lines'][number];
type Zone = ShiftSummary['zones'][number];

export function Crossings({ view }: { view: View }) {
  const { first, second } = view;
  const rows = pairs(first.summary.lines, second?.summary.lines ?? [], lineKey);
  return (
    <Block title={say.value.lines} rows="crossings" view={view}>
      {rows.length === 0 ? (
        <p class="quiet">{say.value.noLines}</p>
      ) : (
        <table class="compare">
          <Titles view={view} first={say.value.line} of={[say.value.entries, say.value.exits]} />
          <tbody>
            {rows.map(([ours, theirs, line]) => (
              <tr key={lineKey(line)}>
                <th scope="row">
                  {line.line}
                  <small>
                    {cameraName(line.camera)}
                    {line.entrance && ` · ${say.value.entrance}`}
                  </small>
                </th>
                <td>{number(ours?.entries)}</td>
                <td>{number(ours?.exits)}</td>
                {second && (
                  <>
                    <td>{number(theirs?.entries)}</td>
                    <td>{number(theirs?.exits)}</td>
                  </>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Block>
  );
}

const lineKey = ({ camera, line, entrance }: Line) => `${camera} ${line} ${entrance}`;
const zoneKey = ({ camera, zone }: Zone) => `${camera} ${zone}`;

export function Zones({ view }: { view: View }) {
  const { first, second } = view;
  const rows = pairs(first.summary.zones, second?.summary.zones ?? [], zoneKey);
  // Two shifts of three columns each do not fit beside each other on a phone; the median is what is compared.
  const columns = [say.value.zoneStays, say.value.zoneMedian, ...(second ? [] : [say.value.zoneP95])];
  return (
    <Block title={say.value.zones} rows="stays" view={view}>
      {rows.length === 0 ? (
        <p class="quiet">{say.value.noZones}</p>
      ) : (
        <table class="compare">
          <Titles view={view} first={say.value.zone} of={columns} />
          <tbody>
            {rows.map(([ours, theirs, zone]) => (
              <tr key={zoneKey(zone)}>
                <th scope="row">
                  {zone.zone}
                  <small>{cameraName(zone.camera)}</small>
                </th>
                <td>{number(ours?.stays)}</td>
                <td>{stay(ours?.dwell_median_s)}</td>
                {second ? (
                  <>
                    <td>{number(theirs?.stays)}</td>
                    <td>{stay(theirs?.dwell_median_s)}</td>
                  </>
                ) : (
                  <td>{stay(ours?.dwell_p95_s)}</td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Block>
  );
}

interface TitlesProps {
  view: View;
  /** Of the rows. */
  first: string;
  /** Of the columns, for each shift. */
  of: readonly string[];
}

function Titles({ view, first, of }: TitlesProps) {
  const zone = view.branch.time_zone;
  const shifts = [view.first, ...(view.second ? [view.second] : [])];
  return (
    <thead>
      {view.second && (
        <tr>
          <td />
          {shifts.map(({ summary }) => (
            <th key={summary.shift.id} scope="colgroup" colSpan={of.length}>
              {shiftTitle(summary.shift, zone)}
            </th>
          ))}
        </tr>
      )}
      <tr>
        <th scope="col">{first}</th>
        {shifts.flatMap(({ summary }) =>
          of.map((name) => (
            <th key={`${summary.shift.id} ${name}`} scope="col">
              {name}
            </th>
          )),
        )}
      </tr>
    </thead>
  );
}
