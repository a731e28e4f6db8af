// Issuing a token: whom it is for, what it opens, how long. It is shown once.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { listSectors } from '../../api/sectors';
import { issueToken, type TokenWish } from '../../api/system';
import { said, Trouble, useAsked } from '../../components/asked';
import { Command } from '../../components/command';
import { Dialog } from '../../components/dialog';
import { CheckField, SelectField, TextField } from '../../components/form';
import { branches, zoneOf } from '../../data/branches';
import { fullyIn } from '../../data/clock';
import { words } from '../../i18n';
import { own } from './words';

const ROLES = ['viewer', 'waiter', 'kitchen', 'admin'] as const;

export type Unit = 'm' | 'h' | 'd';

interface Draft extends Omit<TokenWish, 'ttl'> {
  length: string;
  unit: Unit;
}

const BLANK: Draft = {
  subject: '',
  roles: ['viewer'],
  branch_ids: [],
  sector_ids: [],
  length: '30',
  unit: 'd',
};

interface Issued {
  token: string;
  expires_at: string | null;
}

interface ShownOnceProps extends Issued {
  note: string;
  /** How it is used. */
  children?: ComponentChildren;
  onClose: () => void;
}

/** A token that was issued just now; nobody is told it again. */
export function ShownOnce({ token, expires_at: end, note, children, onClose }: ShownOnceProps) {
  return (
    <div class="asks" role="status">
      <p>{note}</p>
      <Command text={token} />
      {end && <p class="quiet">{own.value.until(fullyIn(zoneOf(), Date.parse(end)))}</p>}
      {children}
      <div class="buttons">
        <button type="button" class="button first" onClick={onClose}>
          {own.value.done}
        </button>
      </div>
    </div>
  );
}

export function IssueDialog({ onClose }: { onClose: () => void }) {
  const [issued, setIssued] = useState<Issued>();
  return (
    <Dialog title={own.value.issueTitle} onClose={onClose}>
      {issued ? (
        <ShownOnce {...issued} note={own.value.issued} onClose={onClose}>
          <p>{own.value.useIt}</p>
          <Command text="Authorization: Bearer TOKEN" />
        </ShownOnce>
      ) : (
        <Form onIssued={setIssued} onClose={onClose} />
      )}
    </Dialog>
  );
}

/** Whether a text is a whole number from 1 that the server takes. */
export const isLength = (text: string) => /^[1-9]\d{0,5}$/.test(text);

function Form({ onIssued, onClose }: { onIssued: (issued: Issued) => void; onClose: () => void }) {
  const [draft, setDraft] = useState(BLANK);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string>();
  const set = (change: Partial<Draft>) => setDraft((last) => ({ ...last, ...change }));
  const isWhole = draft.subject.trim() !== '' && draft.roles.length > 0 && isLength(draft.length);
  const submit = async () => {
    setTried(true);
    if (!isWhole || busy) return;
    setBusy(true);
    setTrouble(undefined);
    const { length, unit, ...wish } = draft;
    try {
      onIssued(await issueToken({ ...wish, subject: wish.subject.trim(), ttl: `${length}${unit}` }));
    } catch (error) {
      setTrouble(said(error));
      setBusy(false);
    }
  };
  return (
    <form
      class="asks"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <TextField
        label={own.value.issueFor}
        hint={own.value.issueForHint}
        error={tried && !draft.subject.trim() ? own.value.missing : undefined}
        value={draft.subject}
        onValue={(subject) => set({ subject: subject.slice(0, 100) })}
        required
      />
      <Ticks
        name={own.value.rolesLabel}
        error={tried && draft.roles.length === 0 ? own.value.rolesMissing : undefined}
        options={ROLES.map((role) => ({ value: role as string, name: words.value.roles[role] ?? role }))}
        chosen={draft.roles}
        onChosen={(roles) => set({ roles })}
      />
      <Where draft={draft} onChange={set} />
      <Length draft={draft} tried={tried} onChange={set} />
      {trouble && <Trouble text={trouble} />}
      <div class="buttons">
        <button type="submit" class="button first" disabled={busy}>
          {own.value.issueNow}
        </button>
        <button type="button" class="button" onClick={onClose}>
          {words.value.cancel}
        </button>
      </div>
    </form>
  );
}

interface PartProps {
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
}

function Where({ draft, onChange }: PartProps) {
  const sectors = useAsked(() => listSectors(), []);
  const isIn = (branch: number, ids: readonly number[]) => ids.length === 0 || ids.includes(branch);
  const offered = (sectors.value ?? []).filter(({ branch_id: id }) => isIn(id, draft.branch_ids));
  const choose = (branch_ids: number[]) => {
    const kept = (sectors.value ?? []).filter(
      ({ id, branch_id: branch }) => draft.sector_ids.includes(id) && isIn(branch, branch_ids),
    );
    onChange({ branch_ids, sector_ids: kept.map(({ id }) => id) });
  };
  return (
    <>
      <Ticks
        name={own.value.branchesLabel}
        hint={own.value.branchesHint}
        options={(branches.value ?? []).map(({ id, name }) => ({ value: id, name }))}
        chosen={draft.branch_ids}
        onChosen={choose}
      />
      {offered.length > 0 && (
        <Ticks
          name={own.value.sectorsLabel}
          hint={own.value.sectorsHint}
          options={offered.map(({ id, name }) => ({ value: id, name }))}
          chosen={draft.sector_ids}
          onChosen={(sector_ids) => onChange({ sector_ids })}
        />
      )}
    </>
  );
}

function Length({ draft, tried, onChange }: PartProps & { tried: boolean }) {
  return (
    <div class="fields">
      <TextField
        label={own.value.ttl}
        type="number"
        min={1}
        error={tried && !isLength(draft.length) ? own.value.ttlHint : undefined}
        value={draft.length}
        onValue={(length) => onChange({ length })}
      />
      <UnitField value={draft.unit} onValue={(unit) => onChange({ unit })} />
    </div>
  );
}

export function UnitField({ value, onValue }: { value: Unit; onValue: (unit: Unit) => void }) {
  const units: readonly Unit[] = ['m', 'h', 'd'];
  return (
    <SelectField
      label={own.value.unit}
      value={value}
      onValue={onValue}
      options={units.map((unit) => ({ value: unit, name: own.value.units[unit] }))}
    />
  );
}

interface TicksProps<T> {
  name: string;
  hint?: string;
  error?: string | undefined;
  options: readonly { value: T; name: string }[];
  chosen: readonly T[];
  onChosen: (chosen: T[]) => void;
}

/** Several of a few. */
function Ticks<T extends string | number>({ name, hint, error, options, chosen, onChosen }: TicksProps<T>) {
  return (
    <fieldset class="ticks">
      <legend>{name}</legend>
      <div class="options">
        {options.map((option) => (
          <CheckField
            key={option.value}
            label={option.name}
            checked={chosen.includes(option.value)}
            onChecked={(checked) =>
              onChosen(checked ? [...chosen, option.value] : chosen.filter((value) => value !== option.value))
            }
          />
        ))}
      </div>
      {(error ?? hint) && <p class={error ? 'error' : 'quiet'}>{error ?? hint}</p>}
    </fieldset>
  );
}
