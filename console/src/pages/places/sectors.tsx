// The sectors of a branch, and who serves them: a line for each person, a column for each sector.

import { useState } from 'preact/hooks';
import {
  type Assignment,
  addSector,
  type BranchFull,
  deleteSector,
  getSector,
  listAssignments,
  putAssignment,
  putSector,
  type SectorInput,
} from '../../api/places';
import type { Sector } from '../../api/sectors';
import { Show, useAsked } from '../../components/asked';
import { TextField } from '../../components/form';
import { attempt, tell } from '../../components/toast';
import { cameras } from '../../data/feed';
import { words } from '../../i18n';
import { EditDialog } from './editing';
import { People } from './people';
import { placeWords } from './words';

interface SectorsProps {
  branch: BranchFull;
  /** Those of the branch. */
  sectors: readonly Sector[];
  mayChange: boolean;
  onDone: () => void;
}

export function Sectors({ branch, sectors, mayChange, onDone }: SectorsProps) {
  const w = placeWords.value;
  const [open, setOpen] = useState<Sector | 'new'>();
  const asked = useAsked(() => listAssignments(branch.id), [branch.id, sectors.map(({ id }) => id)]);
  return (
    <section class="branch-part" aria-labelledby="sectors-title">
      <header>
        <h2 id="sectors-title">{w.sectors}</h2>
        {mayChange && (
          <button type="button" class="button" onClick={() => setOpen('new')}>
            {w.addSector}
          </button>
        )}
      </header>
      {sectors.length === 0 ? (
        <p class="quiet">{w.noSectors}</p>
      ) : (
        <>
          <ul class="sector-list">
            {sectors.map((sector) => (
              <li key={sector.id}>
                <span>{sector.name}</span>
                {mayChange && (
                  <SectorButtons
                    sector={sector}
                    assignments={asked.value}
                    onChange={() => setOpen(sector)}
                    onDone={() => {
                      onDone();
                      asked.again();
                    }}
                  />
                )}
              </li>
            ))}
          </ul>
          <Show of={asked}>
            {(assignments) => (
              <People
                branch={branch}
                sectors={sectors}
                assignments={assignments}
                mayChange={mayChange}
                onDone={asked.again}
              />
            )}
          </Show>
        </>
      )}
      {open && (
        <SectorDialog
          branch={branch}
          {...(open === 'new' ? {} : { sector: open })}
          onClose={() => setOpen(undefined)}
          onDone={onDone}
        />
      )}
    </section>
  );
}

interface SectorButtonsProps {
  sector: Sector;
  assignments: readonly Assignment[] | undefined;
  onChange: () => void;
  onDone: () => void;
}

function SectorButtons({ sector, assignments, onChange, onDone }: SectorButtonsProps) {
  const w = placeWords.value;
  const inIt = camerasIn(sector.id);
  return (
    <>
      <button type="button" class="button" aria-label={w.changeBranch(sector.name)} onClick={onChange}>
        {words.value.change}
      </button>
      <button
        type="button"
        class="button"
        aria-label={w.deleteIt(sector.name)}
        disabled={inIt > 0 || assignments === undefined}
        title={inIt > 0 ? w.hasCameras(inIt) : undefined}
        onClick={() => void remove(sector, assignments ?? [], onDone)}
      >
        {words.value.remove}
      </button>
      {inIt > 0 && <span class="quiet">{w.hasCameras(inIt)}</span>}
    </>
  );
}

const camerasIn = (sector: number) =>
  cameras.value?.filter(({ sector_id }) => sector_id === sector).length ?? 0;

/** A sector takes with it who serves it; they come back with it. */
async function remove(sector: Sector, assignments: readonly Assignment[], onDone: () => void): Promise<void> {
  const w = placeWords.value;
  await attempt(async () => {
    const served = assignments.filter(({ sector_ids }) => sector_ids.includes(sector.id));
    const { etag } = await getSector(sector.id);
    await deleteSector(sector.id, etag);
    onDone();
    tell(w.deleted(sector.name), async () => {
      const { id, branch_id, name } = sector;
      await addSector({ id, branch_id, name });
      for (const { user, sector_ids } of served) await putAssignment({ user, branch_id, sector_ids });
      onDone();
    });
  });
}

interface SectorDialogProps {
  branch: BranchFull;
  /** Absent: a new one. */
  sector?: Sector;
  onClose: () => void;
  onDone: () => void;
}

function SectorDialog({ branch, sector, onClose, onDone }: SectorDialogProps) {
  const w = placeWords.value;
  const add = async (name: string) => {
    const made = await addSector({ branch_id: branch.id, name });
    onDone();
    tell(w.added(made.name), async () => {
      await deleteSector(made.id);
      onDone();
    });
  };
  const put = async (id: number, name: string, etag: string | undefined, before: string) => {
    const saved = await putSector(id, { branch_id: branch.id, name }, etag);
    onDone();
    tell(w.changed(name), async () => {
      await putSector(id, { branch_id: branch.id, name: before }, saved.etag);
      onDone();
    });
  };
  return (
    <EditDialog<SectorInput>
      title={sector ? w.changeBranch(sector.name) : w.newSector}
      {...(sector ? { read: () => getSector(sector.id) } : { fresh: { branch_id: branch.id, name: '' } })}
      save={({ name }, before) =>
        sector && before ? put(sector.id, name.trim(), before.etag, before.value.name) : add(name.trim())
      }
      onClose={onClose}
    >
      {({ name }, set) => (
        <TextField label={w.name} value={name} onValue={(next) => set({ name: next })} required />
      )}
    </EditDialog>
  );
}
