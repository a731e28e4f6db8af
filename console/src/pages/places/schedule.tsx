// The form of a schedule: a line for each shift, and what its changes of the clock will be.

import {
  type BranchFull,
  DAYS,
  type Day,
  getSchedule,
  putSchedule,
  type Schedule,
  type ScheduledShift,
} from '../../api/places';
import { TextField } from '../../components/form';
import { IconButton } from '../../components/icon-button';
import { CloseIcon } from '../../components/icons';
import { tell } from '../../components/toast';
import { EditDialog } from './editing';
import { Changes, dayName } from './shifts';
import { placeWords } from './words';
import { wrongIn } from './wrong';

/** As many as the server takes. */
const MOST = 48;

interface ScheduleDialogProps {
  branch: BranchFull;
  onClose: () => void;
  onDone: () => void;
}

export function ScheduleDialog({ branch, onClose, onDone }: ScheduleDialogProps) {
  const w = placeWords.value;
  return (
    <EditDialog<Schedule>
      title={`${w.shifts} · ${branch.name}`}
      wide
      read={() => getSchedule(branch.id)}
      wrong={({ shifts }) => {
        const wrong = wrongIn(shifts);
        return wrong && w[wrong];
      }}
      save={async (draft, before) => {
        const saved = await putSchedule(branch.id, draft.shifts, before?.etag);
        onDone();
        tell(w.shiftsChanged(branch.name), async () => {
          await putSchedule(branch.id, before?.value.shifts ?? [], saved.etag);
          onDone();
        });
      }}
      onClose={onClose}
    >
      {({ shifts, time_zone }, set) => (
        <>
          <ShiftRows shifts={shifts} onShifts={(next) => set({ shifts: next })} />
          <p class="quiet">{w.shiftRule}</p>
          {wrongIn(shifts) === undefined && <Changes shifts={shifts} zone={time_zone} />}
        </>
      )}
    </EditDialog>
  );
}

interface ShiftRowsProps {
  shifts: readonly ScheduledShift[];
  onShifts: (shifts: ScheduledShift[]) => void;
}

function ShiftRows({ shifts, onShifts }: ShiftRowsProps) {
  const w = placeWords.value;
  const change = (at: number, change: Partial<ScheduledShift>) =>
    onShifts(shifts.map((shift, each) => (each === at ? { ...shift, ...change } : shift)));
  return (
    <div class="shift-rows">
      {shifts.map((shift, at) => (
        <fieldset key={at} aria-label={shift.name || w.shift}>
          <TextField label={w.name} value={shift.name} onValue={(name) => change(at, { name })} required />
          <TextField
            label={w.starts}
            type="time"
            value={shift.start}
            onValue={(start) => change(at, { start })}
            required
          />
          <DayBoxes days={shift.days} onDays={(days) => change(at, { days })} />
          <IconButton
            label={w.removeShift(shift.name)}
            disabled={shifts.length === 1}
            onClick={() => onShifts(shifts.filter((_, each) => each !== at))}
          >
            <CloseIcon />
          </IconButton>
        </fieldset>
      ))}
      <button
        type="button"
        class="button"
        disabled={shifts.length >= MOST}
        onClick={() => onShifts([...shifts, { name: '', start: '', days: [...DAYS] }])}
      >
        {w.addShift}
      </button>
    </div>
  );
}

function DayBoxes({ days, onDays }: { days: readonly Day[]; onDays: (days: Day[]) => void }) {
  const toggle = (day: Day) =>
    onDays(DAYS.filter((each) => (each === day ? !days.includes(day) : days.includes(each))));
  return (
    <fieldset class="choice days" aria-label={placeWords.value.days}>
      {DAYS.map((day) => (
        <button
          key={day}
          type="button"
          aria-label={dayName(day, 'long')}
          aria-pressed={days.includes(day)}
          onClick={() => toggle(day)}
        >
          {dayName(day)}
        </button>
      ))}
    </fieldset>
  );
}
