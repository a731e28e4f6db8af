// A token by which the guests of a table follow their own orders.

import { useState } from 'preact/hooks';
import { issueTableToken, type TableToken } from '../../api/system';
import { said, Trouble } from '../../components/asked';
import { Dialog } from '../../components/dialog';
import { SelectField, TextField } from '../../components/form';
import { branches, oneBranch } from '../../data/branches';
import { words } from '../../i18n';
import { isLength, ShownOnce, type Unit, UnitField } from './issue';
import { own } from './words';

export function TableTokenDialog({ onClose }: { onClose: () => void }) {
  const [issued, setIssued] = useState<TableToken>();
  return (
    <Dialog title={own.value.tableTitle} onClose={onClose}>
      {issued ? (
        <ShownOnce {...issued} note={own.value.tableIssued} onClose={onClose} />
      ) : (
        <Form onIssued={setIssued} onClose={onClose} />
      )}
    </Dialog>
  );
}

const DAY_M = 1440;
const MINUTES: Record<Unit, number> = { m: 1, h: 60, d: DAY_M };

function Form({ onIssued, onClose }: { onIssued: (issued: TableToken) => void; onClose: () => void }) {
  const [branch, setBranch] = useState(String(oneBranch.value?.id ?? 1));
  const [session, setSession] = useState('');
  const [table, setTable] = useState('');
  const [length, setLength] = useState('4');
  const [unit, setUnit] = useState<Unit>('h');
  const [tried, setTried] = useState(false);
  const [trouble, setTrouble] = useState<string>();
  const isLong = isLength(length) && Number(length) * MINUTES[unit] <= DAY_M;
  const submit = async () => {
    setTried(true);
    if (!session.trim() || !isLong) return;
    setTrouble(undefined);
    const table_id = table.trim() || null;
    const wish = { branch_id: Number(branch), session_id: session.trim(), table_id, ttl: `${length}${unit}` };
    try {
      onIssued(await issueTableToken(wish));
    } catch (error) {
      setTrouble(said(error));
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
      <p class="quiet">{own.value.tableNote}</p>
      <SelectField
        label={words.value.branch}
        value={branch}
        onValue={setBranch}
        options={(branches.value ?? []).map(({ id, name }) => ({ value: String(id), name }))}
      />
      <TextField
        label={own.value.session}
        hint={own.value.sessionHint}
        error={tried && !session.trim() ? own.value.missing : undefined}
        value={session}
        onValue={(next) => setSession(next.slice(0, 64))}
        required
      />
      <TextField
        label={own.value.tableName}
        hint={own.value.tableNameHint}
        value={table}
        onValue={(next) => setTable(next.slice(0, 64))}
      />
      <div class="fields">
        <TextField
          label={own.value.ttl}
          hint={own.value.oneDay}
          error={tried && !isLong ? `${own.value.ttlHint} ${own.value.oneDay}` : undefined}
          type="number"
          min={1}
          value={length}
          onValue={setLength}
        />
        <UnitField value={unit} onValue={setUnit} />
      </div>
      {trouble && <Trouble text={trouble} />}
      <div class="buttons">
        <button type="submit" class="button first">
          {own.value.issueNow}
        </button>
        <button type="button" class="button" onClick={onClose}>
          {words.value.cancel}
        </button>
      </div>
    </form>
  );
}
