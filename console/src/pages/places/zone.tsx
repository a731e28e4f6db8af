// A time zone among six hundred: by its name, with the clock there.

import { useId, useMemo, useState } from 'preact/hooks';
import { TextField } from '../../components/form';
import { clockOf, MINUTES } from '../../data/clock';
import { now } from '../../data/feed';
import { allZones, zonesLike } from '../../data/zones';
import { placeWords } from './words';

/** `05:41 (GMT+1)` */
export function zonedClock(zone: string, at: number): string {
  return clockOf(zone, { ...MINUTES, timeZoneName: 'short' }).format(at);
}

export function ZoneField({ value, onValue }: { value: string; onValue: (zone: string) => void }) {
  const id = useId();
  const [search, setSearch] = useState('');
  const zones = useMemo(() => allZones(value ? [value] : []), [value]);
  const found = zonesLike(zones, search);
  const w = placeWords.value;
  // The chosen one stays in the list, so that one sees what one has.
  const shown = found.includes(value) || !value ? found : [value, ...found];
  return (
    <>
      <TextField label={w.zoneSearch} hint={w.zoneHint} value={search} onValue={setSearch} />
      <div class="field">
        <label for={id}>{w.zone}</label>
        <select
          id={id}
          class="zones"
          size={6}
          required
          onChange={(event) => onValue(event.currentTarget.value)}
        >
          {shown.map((zone) => (
            <option key={zone} value={zone} selected={zone === value}>
              {zone.replaceAll('_', ' ')} · {zonedClock(zone, now.value)}
            </option>
          ))}
        </select>
        {found.length === 0 && <p class="error">{w.zoneNone}</p>}
      </div>
    </>
  );
}
