// Shifts: the one that runs and those that are over, what happened in each, and any two side by side.

import { useEffect, useRef, useState } from 'preact/hooks';
import { comparison, type Rows, type Scope, type ShiftId } from '../api/shifts';
import { type Asked, Show, Skeleton, useAsked } from '../components/asked';
import { type Branch, branches, oneBranch } from '../data/branches';
import { words } from '../i18n';
import { replace, route } from '../routes';
import { ExportDialog } from './shifts/export';
import { Head } from './shifts/head';
import { List, useShifts } from './shifts/list';
import { Report } from './shifts/report';
import { Saves } from './shifts/saves';
import { addressOf, type Choice, chosen, scopeOf, type View } from './shifts/view';
import { say } from './shifts/words';

/** Asking for the running shift is cheap for the server, and somebody may be standing before the screen. */
const RUNNING_EVERY_MS = 5000;

export function Page() {
  const branch = oneBranch.value;
  const { rest, query } = route.value;
  const choice = chosen(rest, query);
  useOtherBranch(branch, choice);
  if (!branch) return <p class="loading">{words.value.loading}</p>;
  return <Shifts branch={branch} choice={choice} />;
}

/** Whoever chooses another branch wants its shifts, and not a shift of the one before. */
function useOtherBranch(branch: Branch | undefined, choice: Choice): void {
  const last = useRef(branch?.id);
  useEffect(() => {
    const isOther = last.current !== undefined && branch !== undefined && last.current !== branch.id;
    last.current = branch?.id ?? last.current;
    if (isOther) replace(addressOf({ ...chosen([], new URLSearchParams()), heat: choice.heat }));
  }, [branch?.id]);
}

function Shifts({ branch, choice }: { branch: Branch; choice: Choice }) {
  const scope = scopeOf(choice);
  const first = useHeld(useComparison(choice.id, branch, scope));
  const second = useComparison(choice.beside, branch, scope);
  // A link may lead to a shift of another branch than the chosen one: then all of the page is about that.
  const of = first.value?.summary.shift.branch_id ?? branch.id;
  const here = branches.value?.find(({ id }) => id === of) ?? branch;
  const list = useShifts(here.id, first.value?.running ? first.value.summary.shift.id : undefined);
  const [listed, setListed] = useState(false);
  const [exporting, setExporting] = useState<Rows>();
  const view: View | undefined = first.value && {
    branch: here,
    scope,
    first: first.value,
    second: choice.beside === undefined ? undefined : second.value,
    onExport: setExporting,
  };
  const onList = () => setListed(!listed);
  return (
    <div class={listed ? 'shifts listed' : 'shifts'}>
      <List of={list} zone={here.time_zone} choice={choice} onPick={() => setListed(false)} />
      <section class="sheet report" aria-labelledby="shift-title">
        {!first.value && first.error && <Title />}
        <Show of={first} skeleton={<Waiting />}>
          {() =>
            view && (
              <>
                <Head view={view} choice={choice} at={first.at} list={list} onList={onList} />
                {choice.beside !== undefined && second.error && <Show of={second}>{() => null}</Show>}
                <Report view={view} choice={choice} />
              </>
            )
          }
        </Show>
        <Saves />
      </section>
      {view && exporting && (
        <ExportDialog view={view} rows={exporting} onClose={() => setExporting(undefined)} />
      )}
    </div>
  );
}

/** A shift beside earlier ones; nothing where none is wanted. */
function useComparison(
  id: ShiftId | undefined,
  branch: Branch,
  scope: Scope,
): Asked<Awaited<ReturnType<typeof comparison>>> {
  const [runs, setRuns] = useState(id === 'current');
  const asked = useAsked(
    (signal) => (id === undefined ? NEVER : comparison(id, branch.id, scope, signal)),
    [id, id === 'current' ? branch.id : undefined, scope],
    id !== undefined && (runs || id === 'current') ? RUNNING_EVERY_MS : undefined,
  );
  const isRunning = asked.value?.running ?? false;
  useEffect(() => setRuns(isRunning), [isRunning]);
  return asked;
}

/** Until the next answer the last one stays: what was chosen with keeps its place and the keyboard. */
function useHeld<T>(asked: Asked<T>): Asked<T> {
  const held = useRef(asked.value);
  if (asked.value !== undefined) held.current = asked.value;
  return asked.value === undefined && !asked.error ? { ...asked, value: held.current } : asked;
}

const NEVER = new Promise<never>(() => undefined);

/** Of a page that is about no shift yet, or about none. */
function Title() {
  return (
    <header>
      <h1 id="shift-title">{say.value.title}</h1>
    </header>
  );
}

function Waiting() {
  return (
    <>
      <Title />
      <Skeleton lines={2} />
      <Skeleton lines={8} />
    </>
  );
}
