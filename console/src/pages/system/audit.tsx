// Who changed what, newest first.

import { serverNow } from '../../api';
import { type Change, type ChangeFilter, changesPage } from '../../api/system';
import { Skeleton, said, Trouble } from '../../components/asked';
import { Dialog } from '../../components/dialog';
import { TextField } from '../../components/form';
import { StateShape } from '../../components/icons';
import { type Column, Table } from '../../components/table';
import { branches, timeAt, zoneOf } from '../../data/branches';
import { fullyIn, startOfDay } from '../../data/clock';
import { words } from '../../i18n';
import { href, replace, route } from '../../routes';
import { deedOf } from './changes';
import { useDraft } from './draft';
import { useEndless } from './endless';
import { Only } from './may';
import { own } from './words';

export function Audit() {
  return (
    <Only action="read the change log">
      <Log />
    </Only>
  );
}

const FILTERS = ['who', 'what', 'from', 'to'] as const;
type Filters = Record<(typeof FILTERS)[number], string>;

function chosen(): Filters {
  const { query } = route.value;
  const of = (name: string) => query.get(name) ?? '';
  return { who: of('who'), what: of('what'), from: of('from'), to: of('to') };
}

const choose = (next: Partial<Filters>) => replace(href('system', ['audit'], { ...chosen(), ...next }));

/** As the server takes them: days are those of the branch, the last one whole. */
function asked({ who, what, from, to }: Filters): ChangeFilter {
  const begin = startOfDay(zoneOf(), from);
  const end = startOfDay(zoneOf(), to, 1);
  return {
    ...(who ? { subject: who } : {}),
    ...(what ? { resource: what } : {}),
    ...(begin ? { from: begin } : {}),
    ...(end ? { to: end } : {}),
  };
}

function Log() {
  const filters = chosen();
  const list = useEndless(
    (cursor) => changesPage({ ...asked(filters), ...(cursor ? { cursor } : {}) }),
    [asked(filters)],
  );
  const isFiltered = FILTERS.some((name) => filters[name] !== '');
  const open = list.items?.find(({ request_id: id }) => id === route.value.query.get('request'));
  return (
    <>
      <p class="quiet">{own.value.auditNote}</p>
      <FilterRow filters={filters} isFiltered={isFiltered} onAgain={list.again} />
      {list.error && <Trouble text={said(list.error)} onAgain={list.again} />}
      <div class="fill">
        {list.items ? (
          <Table
            label={own.value.parts.audit}
            columns={columns()}
            rows={list.items}
            keyOf={keyOf}
            empty={isFiltered ? own.value.noChangesFound : own.value.noChanges}
            onEnd={list.more}
          />
        ) : (
          !list.error && <Skeleton lines={8} />
        )}
      </div>
      {open && <ChangeDialog change={open} onClose={() => choose({})} />}
    </>
  );
}

/** One request may change several things. */
const keyOf = ({ request_id: id, resource, at }: Change) => `${id} ${resource} ${at}`;

interface FilterProps {
  filters: Filters;
  isFiltered: boolean;
  onAgain: () => void;
}

function FilterRow({ filters, isFiltered, onAgain }: FilterProps) {
  const [who, setWho] = useDraft(filters.who, (next) => choose({ who: next }));
  const [what, setWhat] = useDraft(filters.what, (next) => choose({ what: next }));
  return (
    <div class="filters">
      <TextField
        label={own.value.filterWho}
        placeholder={own.value.filterWhoHint}
        value={who}
        onValue={setWho}
      />
      <TextField
        label={own.value.filterWhat}
        placeholder={own.value.filterWhatHint}
        value={what}
        onValue={setWhat}
      />
      <TextField
        label={own.value.filterFrom}
        type="date"
        value={filters.from}
        onValue={(from) => choose({ from })}
      />
      <TextField label={own.value.filterTo} type="date" value={filters.to} onValue={(to) => choose({ to })} />
      <button type="button" class="button" onClick={onAgain}>
        {own.value.refresh}
      </button>
      <button
        type="button"
        class="button"
        disabled={!isFiltered}
        onClick={() => choose({ who: '', what: '', from: '', to: '' })}
      >
        {own.value.clear}
      </button>
    </div>
  );
}

/** `restarted cameras/hall`. */
function deed(change: Change): string {
  const [verb, thing] = deedOf(change);
  return `${own.value.verbs[verb] ?? verb} ${thing}`;
}

function columns(): Column<Change>[] {
  const names = own.value.change;
  const clock = serverNow();
  const titled = (text: string) => <span title={text}>{text}</span>;
  return [
    {
      key: 'at',
      name: names.at,
      cell: ({ at }) => titled(timeAt(Date.parse(at), clock)),
      width: 'clamp(92px, 24vw, 152px)',
    },
    { key: 'who', name: names.who, cell: ({ subject }) => titled(subject) },
    {
      key: 'what',
      name: names.what,
      cell: (change) => (
        <a
          href={href('system', ['audit'], { ...chosen(), request: change.request_id })}
          title={own.value.details(deed(change))}
        >
          {deed(change)}
        </a>
      ),
      width: '40%',
    },
    {
      key: 'fields',
      name: names.fields,
      cell: ({ fields }) => titled(fields.join(', ') || own.value.noneGiven),
      minor: true,
    },
    {
      key: 'outcome',
      name: names.outcome,
      cell: (change) => <Outcome status={change.status} />,
      width: '144px',
      minor: true,
    },
  ];
}

function Outcome({ status }: { status: number }) {
  const isDone = status < 400;
  return (
    <span class={`state ${isDone ? 'running' : 'failed'}`}>
      <StateShape state={isDone ? 'running' : 'failed'} />
      {isDone ? own.value.accepted : own.value.refused(status)}
    </span>
  );
}

function ChangeDialog({ change, onClose }: { change: Change; onClose: () => void }) {
  const names = own.value.change;
  const branch =
    change.branch_id === null
      ? '–'
      : (branches.value?.find(({ id }) => id === change.branch_id)?.name ??
        own.value.branchNumber(change.branch_id));
  const roles = change.roles.map((role) => words.value.roles[role] ?? role).join(', ');
  const facts: readonly [string, string][] = [
    [names.at, fullyIn(zoneOf(), Date.parse(change.at))],
    [names.who, `${change.subject} (${roles})`],
    [names.what, deed(change)],
    [names.fields, change.fields.join(', ') || own.value.noneGiven],
    [names.branch, branch],
    [names.token, change.token_id ?? '–'],
    [names.request, change.request_id],
  ];
  return (
    <Dialog title={own.value.changeTitle} onClose={onClose}>
      <div class="asks">
        <dl class="details">
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
          <div>
            <dt>{names.outcome}</dt>
            <dd>
              <Outcome status={change.status} />
            </dd>
          </div>
        </dl>
        <p class="quiet">{own.value.auditNote}</p>
      </div>
    </Dialog>
  );
}
