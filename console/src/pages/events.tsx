// What happens in the branches, as it happens.

import { useMemo, useState } from 'preact/hooks';
import { listSectors, type Sector } from '../api/sectors';
import { Skeleton, useAsked } from '../components/asked';
import { branch } from '../data/branches';
import { doorOf, gateway, items } from '../data/events';
import { session } from '../data/feed';
import type { GatewayEvent } from '../gateway';
import { words } from '../i18n';
import { route } from '../routes';
import { EventDialog } from './events/about';
import { choose, chosen, useBranchInAddress } from './events/chosen';
import { Filters } from './events/filters';
import type { Filter } from './events/kinds';
import { Line } from './events/line';
import { EventList } from './events/list';
import { isNote, rowsOf } from './events/rows';
import { GatewayLine } from './events/state';
import { eventWords } from './events/words';

export function Page() {
  useBranchInAddress();
  const filter = chosen();
  // A name that is not known shows as its number, so that a list that is away holds nothing up.
  const sectors = useAsked(() => listSectors(), []).value ?? [];
  const isWithDoor = doorOf(session.value?.roles ?? []) !== undefined;
  return (
    <section class="sheet events-page">
      <header>
        <h1>{words.value.pages.events}</h1>
        <GatewayLine />
        <span class="spring" />
        {isWithDoor && <Count filter={filter} />}
      </header>
      {isWithDoor ? (
        <>
          <Filters filter={filter} sectors={sectors} />
          <Shown filter={filter} sectors={sectors} />
        </>
      ) : (
        <Said title={eventWords.value.noDoorTitle} text={eventWords.value.noDoor} />
      )}
    </section>
  );
}

function Count({ filter }: { filter: Filter }) {
  const all = items.value.filter((item) => !isNote(item)).length;
  const shown = rowsOf(items.value, filter).filter((item) => !isNote(item)).length;
  const { kept, shownOf } = eventWords.value;
  return <p class="quiet">{shown === all ? kept(all) : shownOf(shown, all)}</p>;
}

function Shown({ filter, sectors }: { filter: Filter; sectors: readonly Sector[] }) {
  const [open, setOpen] = useState<GatewayEvent>();
  const about = JSON.stringify(filter);
  const list = items.value;
  const rows = useMemo(() => rowsOf(list, filter), [list, about]);
  const w = eventWords.value;
  const sectorName = (id: number) => sectors.find((sector) => sector.id === id)?.name ?? w.sectorNo(id);
  if (list.length === 0) {
    const { kind } = gateway.value;
    if (kind === 'connecting' || kind === 'off') return <Skeleton lines={8} />;
    return <Said title={w.noneTitle} text={w.none} />;
  }
  if (rows.length === 0) {
    return (
      <div class="said">
        <p>{w.noneFit(list.filter((item) => !isNote(item)).length)}</p>
        <ShowAll />
      </div>
    );
  }
  return (
    <>
      <EventList
        rows={rows}
        about={about}
        line={(item) => <Line item={item} sectorName={sectorName} onOpen={setOpen} />}
        end={<p class="begins quiet">{w.begins}</p>}
      />
      {open && <EventDialog event={open} sectorName={sectorName} onClose={() => setOpen(undefined)} />}
    </>
  );
}

function ShowAll() {
  // The branch is the frame's choice, and is taken back there.
  const clear = () => choose({ kind: undefined, sector: undefined, camera: undefined });
  const { query } = route.value;
  if (!['kind', 'sector', 'camera'].some((name) => query.has(name))) {
    return branch.value ? <p class="quiet">{branch.value.name}</p> : null;
  }
  return (
    <button type="button" class="button" onClick={clear}>
      {eventWords.value.clear}
    </button>
  );
}

function Said({ title, text }: { title: string; text: string }) {
  return (
    <div class="said">
      <h2>{title}</h2>
      <p class="quiet">{text}</p>
    </div>
  );
}
