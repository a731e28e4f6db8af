// The venues: their clocks and shifts, their sectors, and who serves these.

import { effect } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { type BranchFull, listBranches } from '../api/places';
import { listSectors, type Sector } from '../api/sectors';
import { Show, Skeleton, useAsked } from '../components/asked';
import { may } from '../data/feed';
import { words } from '../i18n';
import { branchWanted, setBranch } from '../prefs';
import { href, replace, route } from '../routes';
import { BranchDialog, Branches, camerasIn, DeleteBranch } from './places/branches';
import { Sectors } from './places/sectors';
import { Shifts } from './places/shifts';
import { placeWords } from './places/words';

interface Places {
  branches: BranchFull[];
  sectors: Sector[];
}

async function askPlaces(): Promise<Places> {
  const [branches, sectors] = await Promise.all([listBranches(), listSectors()]);
  return { branches, sectors };
}

export function Page() {
  const w = placeWords.value;
  const asked = useAsked(askPlaces, []);
  const [isAdding, setAdding] = useState(false);
  const wanted = useChosenBranch();
  const mayChange = may('configure places');
  return (
    <section class="sheet places">
      <header>
        <h1>{words.value.pages.places}</h1>
        <span class="spring" />
        {mayChange ? (
          <button type="button" class="button" onClick={() => setAdding(true)}>
            {w.addBranch}
          </button>
        ) : (
          <p class="quiet">{w.mayNot}</p>
        )}
      </header>
      <Show of={asked} skeleton={<Skeleton lines={12} />}>
        {(places) => <Known {...places} wanted={wanted} mayChange={mayChange} onDone={asked.again} />}
      </Show>
      {isAdding && <BranchDialog onClose={() => setAdding(false)} onDone={asked.again} />}
    </section>
  );
}

/** The branch of the address, else the frame's; a new choice in the frame is followed. */
function useChosenBranch(): number | undefined {
  useEffect(() => {
    let before = branchWanted.peek();
    return effect(() => {
      const wanted = branchWanted.value;
      if (wanted !== before && route.peek().page === 'places')
        replace(href('places', wanted ? [wanted] : []));
      before = wanted;
    });
  }, []);
  const told = Number(route.value.rest[0]) || undefined;
  useEffect(() => {
    // Pages about one branch go on with the one that was looked at, if the reader looks at one at a time.
    if (told && branchWanted.peek() !== undefined) setBranch(told);
  }, [told]);
  return told ?? branchWanted.value;
}

interface KnownProps extends Places {
  wanted: number | undefined;
  mayChange: boolean;
  onDone: () => void;
}

function Known({ branches, sectors, wanted, mayChange, onDone }: KnownProps) {
  const w = placeWords.value;
  const branch = wanted === undefined ? branches[0] : branches.find(({ id }) => id === wanted);
  return (
    <>
      <Branches branches={branches} sectors={sectors} chosen={branch?.id} />
      {branch ? (
        <OneBranch
          key={branch.id}
          branch={branch}
          sectors={sectors.filter(({ branch_id }) => branch_id === branch.id)}
          mayChange={mayChange}
          onDone={onDone}
        />
      ) : (
        branches.length > 0 && <p>{w.gone}</p>
      )}
    </>
  );
}

interface OneBranchProps {
  branch: BranchFull;
  sectors: Sector[];
  mayChange: boolean;
  onDone: () => void;
}

function OneBranch({ branch, sectors, mayChange, onDone }: OneBranchProps) {
  const w = placeWords.value;
  const [isOpen, setOpen] = useState(false);
  const isFromFile = branch.managed_by === 'file';
  const inIt = camerasIn(branch.id);
  return (
    <>
      <header class="branch-head">
        <h2>{branch.name}</h2>
        {mayChange && !isFromFile && (
          <>
            <button
              type="button"
              class="button"
              aria-label={w.changeBranch(branch.name)}
              onClick={() => setOpen(true)}
            >
              {words.value.change}
            </button>
            <DeleteBranch branch={branch} onDone={onDone} />
            {inIt > 0 && <p class="quiet">{w.hasCameras(inIt)}</p>}
          </>
        )}
        {isFromFile && <p class="quiet">{w.fileReason}</p>}
      </header>
      <div class="branch-parts">
        <Shifts branch={branch} mayChange={mayChange && !isFromFile} />
        <Sectors branch={branch} sectors={sectors} mayChange={mayChange} onDone={onDone} />
      </div>
      {isOpen && <BranchDialog branch={branch} onClose={() => setOpen(false)} onDone={onDone} />}
    </>
  );
}
