// What the list is narrowed to.

import type { Sector } from '../../api/sectors';
import { branch } from '../../data/branches';
import { items } from '../../data/events';
import { cameras } from '../../data/feed';
import { choose } from './chosen';
import { ALL_GROUPS, type Filter, groupOf } from './kinds';
import { isNote } from './rows';
import { eventWords } from './words';

export function Filters({ filter, sectors }: { filter: Filter; sectors: readonly Sector[] }) {
  const w = eventWords.value;
  const here = <T extends { branch_id: number }>(list: readonly T[]) =>
    list.filter(({ branch_id }) => !branch.value || branch_id === branch.value.id);
  return (
    <search class="event-filters">
      <Picker
        label={w.kind}
        all={w.allKinds}
        value={filter.group}
        options={groupsHere(filter).map((group) => ({ value: group, name: w.groups[group] }))}
        onValue={(kind) => choose({ kind })}
      />
      <Picker
        label={w.sector}
        all={w.allSectors}
        value={filter.sector}
        options={here(sectors).map(({ id, name }) => ({ value: id, name }))}
        onValue={(sector) => choose({ sector })}
      />
      <Picker
        label={w.cameraFilter}
        all={w.allCameras}
        value={filter.camera}
        options={here(cameras.value ?? []).map(({ id, name }) => ({ value: id, name }))}
        onValue={(camera) => choose({ camera })}
      />
    </search>
  );
}

/** Kinds that the cameras and the clock make, and others once they are there. */
function groupsHere({ group: wanted }: Filter) {
  const seen = new Set(items.value.flatMap((item) => (isNote(item) ? [] : [groupOf(item.event.type)])));
  const own = ['visits', 'lines', 'zones', 'cameras', 'shifts'];
  return ALL_GROUPS.filter((group) => own.includes(group) || seen.has(group) || group === wanted);
}

interface PickerProps<T extends string | number> {
  label: string;
  /** What choosing nothing is called. */
  all: string;
  value: T | undefined;
  options: readonly { value: T; name: string }[];
  onValue: (value: string | undefined) => void;
}

function Picker<T extends string | number>({ label, all, value, options, onValue }: PickerProps<T>) {
  // What is wanted is shown as chosen though it is not there, or not any more.
  const isThere = value === undefined || options.some((option) => option.value === value);
  const list = isThere ? options : [...options, { value, name: String(value) }];
  return (
    <select aria-label={label} onChange={(event) => onValue(event.currentTarget.value || undefined)}>
      <option value="" selected={value === undefined}>
        {all}
      </option>
      {list.map((option) => (
        <option key={option.value} value={option.value} selected={option.value === value}>
          {option.name}
        </option>
      ))}
    </select>
  );
}
