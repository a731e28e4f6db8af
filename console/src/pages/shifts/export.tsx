// Which rows, of when, as what: then they are saved.

import type { TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import { type Comparison, ROWS, type RowFormat, type Rows, shiftRows, timeRows } from '../../api/shifts';
import { Dialog } from '../../components/dialog';
import { SelectField, TextField } from '../../components/form';
import { wallText } from '../../data/clock';
import { words } from '../../i18n';
import { scopeName, useSectors } from './head';
import { fileOfShift, fileOfTime, type Period, periodOf } from './period';
import { startSave } from './saving';
import { shiftTitle, type View } from './view';
import { say } from './words';

interface ExportProps {
  view: View;
  rows: Rows;
  onClose: () => void;
}

/** Which shift, or any time. */
type Of = 'first' | 'second' | 'time';

export function ExportDialog({ view, rows: wanted, onClose }: ExportProps) {
  const { branch, first, second } = view;
  const zone = branch.time_zone;
  const { shift } = first.summary;
  const [rows, setRows] = useState(wanted);
  const [format, setFormat] = useState<RowFormat>('csv');
  const [of, setOf] = useState<Of>('first');
  const [from, setFrom] = useState(() => wallText(zone, Date.parse(shift.start)));
  const [to, setTo] = useState(() => wallText(zone, Math.min(Date.now(), Date.parse(shift.end))));
  const period = periodOf(zone, from, to);
  const isTime = of === 'time';
  const isWrong = isTime && period.error !== undefined;
  const scoped = scopeName(view, useSectors(branch.id));
  const submit = (event: TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isWrong) return;
    // The question of where to has to come straight from the click, so it comes before anything else.
    if (isTime) saveTime(view, period, rows, format, fileOfTime(rows, from, to, format));
    else saveShift(of === 'second' && second ? second : first, view, rows, format);
    event.currentTarget.closest('dialog')?.close();
  };
  return (
    <Dialog title={say.value.export} onClose={onClose}>
      <form class="export" onSubmit={submit}>
        <SelectField label={say.value.rowsLabel} value={rows} onValue={setRows} options={rowOptions()} />
        <SelectField label={say.value.format} value={format} onValue={setFormat} options={formatOptions()} />
        <SelectField label={say.value.period} value={of} onValue={setOf} options={periodOptions(view)} />
        {isTime && <Times from={from} to={to} onFrom={setFrom} onTo={setTo} error={period.error} />}
        <p class="quiet">
          {isTime && say.value.clockOf(branch.name, zone)} {scoped && say.value.onlyOf(scoped)}
        </p>
        <Buttons isWrong={isWrong} />
      </form>
    </Dialog>
  );
}

function Buttons({ isWrong }: { isWrong: boolean }) {
  return (
    <div class="buttons">
      <button type="submit" class="button first" disabled={isWrong}>
        {say.value.saveFile}
      </button>
      <button
        type="button"
        class="button"
        onClick={(event) => event.currentTarget.closest('dialog')?.close()}
      >
        {words.value.cancel}
      </button>
    </div>
  );
}

interface TimesProps {
  from: string;
  to: string;
  onFrom: (text: string) => void;
  onTo: (text: string) => void;
  error: Period['error'];
}

function Times({ from, to, onFrom, onTo, error }: TimesProps) {
  return (
    <div class="fields">
      <TextField
        type="datetime-local"
        label={say.value.timeFrom}
        value={from}
        onValue={onFrom}
        error={error === 'from' ? say.value.notATime : undefined}
      />
      <TextField
        type="datetime-local"
        label={say.value.timeTo}
        value={to}
        onValue={onTo}
        error={endError(error)}
      />
    </div>
  );
}

const formatOptions = () => [
  { value: 'csv' as const, name: say.value.csv },
  { value: 'ndjson' as const, name: say.value.ndjson },
];

const rowOptions = () => ROWS.map((value) => ({ value, name: say.value.rows[value] }));

function periodOptions({ first, second, branch }: View): { value: Of; name: string }[] {
  const title = ({ summary }: Comparison) => shiftTitle(summary.shift, branch.time_zone);
  return [
    { value: 'first', name: title(first) },
    ...(second ? [{ value: 'second' as const, name: title(second) }] : []),
    { value: 'time', name: say.value.aTime },
  ];
}

function endError(error: Period['error']): string | undefined {
  if (error === 'to') return say.value.notATime;
  if (error === 'order') return say.value.endsFirst;
  return error === 'length' ? say.value.tooLong : undefined;
}

function saveShift(of: Comparison, { scope }: View, rows: Rows, format: RowFormat): void {
  const { shift, visits } = of.summary;
  const path = shiftRows(shift.id, rows, format, scope);
  // Of other rows, and of a time, nobody has counted how many there are.
  void startSave(path, fileOfShift(rows, shift, format), format, rows === 'visits' ? visits : undefined);
}

function saveTime(view: View, { fromMs, toMs }: Period, rows: Rows, format: RowFormat, name: string): void {
  const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
  void startSave(timeRows(view.branch.id, from, to, rows, format, view.scope), name, format);
}
