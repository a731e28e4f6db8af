// The venues, each with the clock on its wall.

import { useState } from 'preact/hooks';
import {
  addBranch,
  type BranchFull,
  type BranchInput,
  deleteBranch,
  getBranch,
  listAssignments,
  putAssignment,
  putBranch,
} from '../../api/places';
import type { Sector } from '../../api/sectors';
import { TextField } from '../../components/form';
import { type Column, Table } from '../../components/table';
import { attempt, tell } from '../../components/toast';
import { freshenBranches } from '../../data/branches';
import { cameras, now } from '../../data/feed';
import { words } from '../../i18n';
import { href } from '../../routes';
import { EditDialog } from './editing';
import { placeWords } from './words';
import { ZoneField, zonedClock } from './zone';

interface BranchesProps {
  branches: readonly BranchFull[];
  sectors: readonly Sector[];
  chosen: number | undefined;
}

export function Branches({ branches, sectors, chosen }: BranchesProps) {
  const w = placeWords.value;
  const number = words.value.number;
  const columns: Column<BranchFull>[] = [
    {
      key: 'name',
      name: w.name,
      cell: ({ id, name }) => (
        <a href={href('places', [id])} aria-current={id === chosen ? 'true' : undefined}>
          {name}
        </a>
      ),
    },
    {
      key: 'clock',
      name: w.clock,
      cell: ({ time_zone }) => zonedClock(time_zone, now.value),
      width: '120px',
    },
    { key: 'zone', name: w.zone, cell: ({ time_zone }) => time_zone, minor: true },
    {
      key: 'sectors',
      name: w.sectorCount,
      cell: ({ id }) => number(sectors.filter(({ branch_id }) => branch_id === id).length),
      isNumber: true,
      minor: true,
      width: '88px',
    },
    {
      key: 'cameras',
      name: w.cameraCount,
      cell: ({ id }) => number(camerasIn(id)),
      isNumber: true,
      minor: true,
      width: '88px',
    },
    {
      key: 'by',
      name: w.managedBy,
      cell: ({ managed_by }) => w.managed[managed_by],
      width: '208px',
      minor: true,
    },
  ];
  return (
    <div class="branch-table">
      <Table label={w.branches} columns={columns} rows={branches} keyOf={({ id }) => id} empty={w.none} />
    </div>
  );
}

export const camerasIn = (branch: number) =>
  cameras.value?.filter(({ branch_id }) => branch_id === branch).length ?? 0;

interface BranchDialogProps {
  /** Absent: a new one. */
  branch?: BranchFull;
  onClose: () => void;
  onDone: () => void;
}

export function BranchDialog({ branch, onClose, onDone }: BranchDialogProps) {
  const w = placeWords.value;
  const add = async (draft: BranchInput) => {
    const made = await addBranch({ name: draft.name.trim(), time_zone: draft.time_zone });
    await done(onDone);
    window.location.hash = href('places', [made.id]);
    tell(w.added(made.name), async () => {
      await deleteBranch(made.id);
      await done(onDone);
    });
  };
  const put = async (id: number, draft: BranchInput, etag: string | undefined, before: BranchInput) => {
    const saved = await putBranch(id, { name: draft.name.trim(), time_zone: draft.time_zone }, etag);
    await done(onDone);
    tell(w.changed(saved.value.name), async () => {
      await putBranch(id, { name: before.name, time_zone: before.time_zone }, saved.etag);
      await done(onDone);
    });
  };
  return (
    <EditDialog<BranchInput>
      title={branch ? w.changeBranch(branch.name) : w.newBranch}
      {...(branch ? { read: () => getBranch(branch.id) } : { fresh: newBranch() })}
      save={(draft, before) =>
        branch && before ? put(branch.id, draft, before.etag, before.value) : add(draft)
      }
      onClose={onClose}
    >
      {(draft, set) => (
        <>
          <TextField label={w.name} value={draft.name} onValue={(name) => set({ name })} required />
          <ZoneField value={draft.time_zone} onValue={(time_zone) => set({ time_zone })} />
          {branch && draft.time_zone !== branch.time_zone && <p class="quiet">{w.zoneChange}</p>}
        </>
      )}
    </EditDialog>
  );
}

/** Most who describe a branch are in it. */
const newBranch = (): BranchInput => ({
  name: '',
  time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
});

async function done(onDone: () => void): Promise<void> {
  onDone();
  await freshenBranches();
}

/** A branch takes with it who serves its sectors; they come back with it. */
export function DeleteBranch({ branch, onDone }: { branch: BranchFull; onDone: () => void }) {
  const [isBusy, setBusy] = useState(false);
  const w = placeWords.value;
  const inIt = camerasIn(branch.id);
  const remove = async () => {
    setBusy(true);
    await attempt(async () => {
      const served = await listAssignments(branch.id);
      const { etag } = await getBranch(branch.id);
      await deleteBranch(branch.id, etag);
      tell(w.deleted(branch.name), async () => {
        await addBranch({ id: branch.id, name: branch.name, time_zone: branch.time_zone });
        for (const { user, branch_id, sector_ids } of served)
          await putAssignment({ user, branch_id, sector_ids });
        await done(onDone);
      });
      window.location.hash = href('places');
      await done(onDone);
    });
    setBusy(false);
  };
  return (
    <button
      type="button"
      class="button"
      aria-label={w.deleteIt(branch.name)}
      disabled={isBusy || inIt > 0}
      title={inIt > 0 ? w.hasCameras(inIt) : undefined}
      onClick={() => void remove()}
    >
      {words.value.remove}
    </button>
  );
}
