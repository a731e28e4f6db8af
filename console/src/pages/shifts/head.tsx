// Which shift this is, how it stands, and what of it is shown.

import { useEffect, useState } from 'preact/hooks';
import { serverNow } from '../../api';
import { listSectors, type Sector } from '../../api/sectors';
import type { Shift } from '../../api/shifts';
import { useAsked } from '../../components/asked';
import { StateShape } from '../../components/icons';
import { clockIn, secondsIn } from '../../data/clock';
import { cameras, now } from '../../data/feed';
import { shiftName, words } from '../../i18n';
import { replace } from '../../routes';
import { figure } from './figures';
import type { Shifts } from './list';
import { byDay } from './list';
import { addressOf, type Choice, shiftDay, shiftHours, type View } from './view';
import { say } from './words';

interface HeadProps {
  view: View;
  choice: Choice;
  /** When the figures are from, ms. */
  at: number | undefined;
  list: Shifts;
  onList: () => void;
}

export function Head({ view, choice, at, list, onList }: HeadProps) {
  const { branch, first } = view;
  const { shift } = first.summary;
  const zone = branch.time_zone;
  const name = shiftName(shift.name);
  return (
    <>
      <header>
        <h1 id="shift-title">
          {name.charAt(0).toLocaleUpperCase() + name.slice(1)}, {shiftDay(shift, zone)}
        </h1>
        <p class="figure">
          {shiftHours(shift, zone)} <span class="quiet">({lasting(shift)})</span>
        </p>
        {first.running ? (
          <span class="state running">
            <StateShape state="running" />
            {say.value.running(clockIn(zone, Date.parse(shift.end)))}
          </span>
        ) : (
          <span class="state">{say.value.over}</span>
        )}
        {first.running && at !== undefined && (
          <span class="quiet figure as-of">{say.value.asOf(secondsIn(zone, at))}</span>
        )}
        <span class="quiet">{branch.name}</span>
        <span class="spring" />
        <button type="button" class="button to-list" onClick={onList}>
          {say.value.list}
        </button>
        <button type="button" class="button" onClick={() => window.print()}>
          {say.value.print}
        </button>
        <button type="button" class="button" onClick={() => view.onExport('visits')}>
          {say.value.export}
        </button>
      </header>
      <div class="choices">
        <ScopePicker view={view} choice={choice} />
        <BesidePicker
          shift={shift}
          zone={zone}
          choice={choice}
          list={list}
          other={view.second?.summary.shift}
        />
        {first.running && <Missing view={view} />}
      </div>
    </>
  );
}

/** `8 h`; a night in which the clocks change says so. */
function lasting({ start, end }: Shift): string {
  const hours = say.value.hours(figure((Date.parse(end) - Date.parse(start)) / 3_600_000));
  return start.slice(-6) === end.slice(-6) ? hours : `${hours}, ${say.value.clocksChanged}`;
}

/** Cameras of the running shift that see nothing now. */
function Missing({ view }: { view: View }) {
  const { branch, scope } = view;
  const here = (cameras.value ?? []).filter(
    ({ id, branch_id, sector_id }) =>
      branch_id === branch.id &&
      (scope.camera === undefined || scope.camera === id) &&
      (scope.sector_id === undefined || scope.sector_id === sector_id),
  );
  const on = here.filter(({ status }) => status.state !== 'stopped');
  const out = on.filter(({ status }) => status.state !== 'running').length;
  if (out === 0) return null;
  return (
    <p class="state connecting missing" role="status">
      <StateShape state="lost" />
      {say.value.lost(out, on.length)}
    </p>
  );
}

function useSectors(branch: number): readonly Sector[] {
  return useAsked(() => listSectors(branch), [branch]).value ?? [];
}

/** All of the branch, one of its sectors or one camera. */
function ScopePicker({ view, choice }: { view: View; choice: Choice }) {
  const sectors = useSectors(view.branch.id);
  const seen = useCameras(view);
  const chosen = choice.camera ? `camera ${choice.camera}` : choice.sector ? `sector ${choice.sector}` : '';
  const pick = (value: string) => {
    const [kind = '', id = ''] = value.split(/ (.*)/);
    const camera = kind === 'camera' ? id : undefined;
    replace(addressOf({ ...choice, camera, sector: kind === 'sector' ? Number(id) : undefined }));
  };
  return (
    <label>
      {say.value.show}
      <select onChange={(event) => pick(event.currentTarget.value)}>
        <option value="" selected={chosen === ''}>
          {say.value.everything}
        </option>
        {sectors.length > 0 && (
          <optgroup label={say.value.sectors}>
            {sectors.map(({ id, name }) => (
              <option key={id} value={`sector ${id}`} selected={chosen === `sector ${id}`}>
                {name}
              </option>
            ))}
          </optgroup>
        )}
        <optgroup label={say.value.cameras}>
          {seen.map(({ id, name }) => (
            <option key={id} value={`camera ${id}`} selected={chosen === `camera ${id}`}>
              {name}
            </option>
          ))}
        </optgroup>
      </select>
    </label>
  );
}

/** The cameras of the branch, and those that are gone but have visits in the shift; they stay while one is chosen. */
export function useCameras({ branch, first, second, scope }: View): readonly { id: string; name: string }[] {
  const [seen, setSeen] = useState<readonly string[]>([]);
  const counted = [first, second].flatMap((each) => each?.summary.visits_by_camera ?? []);
  const fresh = counted.map(({ camera }) => camera);
  const isWhole = scope.camera === undefined && scope.sector_id === undefined;
  const key = fresh.join(' ');
  useEffect(() => {
    if (isWhole) setSeen(fresh);
  }, [key, isWhole]);
  const known = (cameras.value ?? []).filter(({ branch_id }) => branch_id === branch.id);
  const named = new Map(known.map(({ id, name }) => [id, name]));
  for (const id of [...seen, ...fresh, scope.camera]) if (id && !named.has(id)) named.set(id, id);
  return [...named].map(([id, name]) => ({ id, name }));
}

interface BesideProps {
  shift: Shift;
  zone: string;
  choice: Choice;
  list: Shifts;
  other: Shift | undefined;
}

/** Any other shift, to be put beside this one. */
function BesidePicker({ shift, zone, choice, list, other }: BesideProps) {
  const { beside } = choice;
  // One that an address names may be older than those that are listed.
  const isListed = beside === undefined || list.all.some(({ id }) => id === beside);
  const offered = isListed || !other ? list.all : [...list.all, other];
  const pick = (value: string) => replace(addressOf({ ...choice, beside: Number(value) || undefined }));
  return (
    <label>
      {say.value.beside}
      <select onChange={(event) => pick(event.currentTarget.value)}>
        <option value="" selected={beside === undefined}>
          {say.value.besideNothing}
        </option>
        {byDay(offered, zone).map(([day, shifts]) => (
          <optgroup key={shifts[0]?.id} label={day}>
            {shifts
              .filter(({ id }) => id !== shift.id)
              .map((each) => (
                <option key={each.id} value={each.id} selected={each.id === beside}>
                  {shiftName(each.name)}, {day}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

/** The server's clock, ticking with the page's. */
export const clock = () => serverNow() + 0 * now.value;

/** What of the branch is shown, in words; undefined: all of it. */
export function scopeName(view: View, sectors: readonly Sector[]): string | undefined {
  const { camera, sector_id } = view.scope;
  if (camera) return cameras.value?.find(({ id }) => id === camera)?.name ?? camera;
  return sector_id
    ? (sectors.find(({ id }) => id === sector_id)?.name ?? words.value.number(sector_id))
    : undefined;
}

export { useSectors };
