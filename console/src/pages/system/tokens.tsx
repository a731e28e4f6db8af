// Tokens that were issued here or revoked; issuing and revoking them.

import { useState } from 'preact/hooks';
import { serverNow } from '../../api';
import { type Token, tokensPage } from '../../api/system';
import { Skeleton, said, Trouble } from '../../components/asked';
import { Choice, TextField } from '../../components/form';
import { StateShape } from '../../components/icons';
import { type Column, Table } from '../../components/table';
import { branches, timeAt } from '../../data/branches';
import { may, now } from '../../data/feed';
import { words } from '../../i18n';
import { href, replace, route } from '../../routes';
import { useDraft } from './draft';
import { useEndless } from './endless';
import { IssueDialog } from './issue';
import { Only } from './may';
import { RevokeByIdDialog, RevokeDialog } from './revoke';
import { TableTokenDialog } from './tabletoken';
import { own } from './words';

type Shown = 'all' | 'good' | 'revoked';
type Open = 'issue' | 'table' | 'by-id' | Token | undefined;

export function Tokens() {
  const [open, setOpen] = useState<Open>();
  const mayManage = may('manage tokens');
  return (
    <>
      <div class="buttons">
        {mayManage && (
          <>
            <button type="button" class="button" onClick={() => setOpen('issue')}>
              {own.value.issue}
            </button>
            <button type="button" class="button" onClick={() => setOpen('by-id')}>
              {own.value.revokeById}
            </button>
          </>
        )}
        <Only action="seat guests">
          <button type="button" class="button" onClick={() => setOpen('table')}>
            {own.value.tableToken}
          </button>
        </Only>
      </div>
      <Only action="manage tokens">
        <Managed open={open} onOpen={setOpen} />
      </Only>
      {open === 'table' && <TableTokenDialog onClose={() => setOpen(undefined)} />}
    </>
  );
}

function chosen(): { shown: Shown; q: string } {
  const { query } = route.value;
  const shown = query.get('show');
  return { shown: shown === 'good' || shown === 'revoked' ? shown : 'all', q: query.get('q') ?? '' };
}

function choose(shown: Shown, q: string): void {
  replace(href('system', ['tokens'], { show: shown === 'all' ? undefined : shown, q }));
}

function Managed({ open, onOpen }: { open: Open; onOpen: (open: Open) => void }) {
  const { shown, q } = chosen();
  const list = useEndless(
    (cursor) =>
      tokensPage({
        q,
        ...(shown === 'all' ? {} : { revoked: shown === 'revoked' }),
        ...(cursor ? { cursor } : {}),
      }),
    [q, shown],
  );
  const close = () => onOpen(undefined);
  const changed = () => {
    close();
    list.again();
  };
  return (
    <>
      <Filters shown={shown} q={q} />
      {list.error && <Trouble text={said(list.error)} onAgain={list.again} />}
      <div class="fill">
        {list.items ? (
          <Table
            label={own.value.parts.tokens}
            columns={columns(onOpen)}
            rows={list.items}
            keyOf={({ id }) => id}
            empty={q || shown !== 'all' ? own.value.noTokensFound : own.value.noTokens}
            onEnd={list.more}
          />
        ) : (
          !list.error && <Skeleton lines={4} />
        )}
      </div>
      {open === 'issue' && <IssueDialog onClose={changed} />}
      {open === 'by-id' && <RevokeByIdDialog onClose={close} onRevoked={changed} />}
      {typeof open === 'object' && <RevokeDialog token={open} onClose={close} onRevoked={changed} />}
    </>
  );
}

function Filters({ shown, q }: { shown: Shown; q: string }) {
  const [draft, setDraft] = useDraft(q, (next) => choose(chosen().shown, next));
  return (
    <div class="filters">
      <TextField label={own.value.search} value={draft} onValue={setDraft} />
      <Choice
        label={own.value.tokensShown}
        value={shown}
        onValue={(next) => choose(next, q)}
        options={[
          { value: 'all', name: own.value.showAll },
          { value: 'good', name: own.value.showGood },
          { value: 'revoked', name: own.value.showRevoked },
        ]}
      />
    </div>
  );
}

/** Whom a token is for; by its id when nobody here issued it. */
export const ownerOf = ({ subject, id }: Token) => subject || own.value.elsewhere(id);

function whereOf({ branch_ids: ids, sector_ids: sectors, issued_at: issued }: Token): string {
  if (!issued) return '–';
  const name = (id: number) =>
    branches.value?.find((branch) => branch.id === id)?.name ?? own.value.branchNumber(id);
  const where = ids.length === 0 ? own.value.allOf : ids.map(name).join(', ');
  return sectors.length === 0 ? where : `${where} · ${own.value.sectorCount(sectors.length)}`;
}

function columns(onOpen: (open: Open) => void): Column<Token>[] {
  const names = own.value.token;
  const clock = serverNow() + 0 * now.value;
  const time = (at: string | null) => (at ? timeAt(Date.parse(at), clock) : '–');
  const titled = (text: string) => <span title={text}>{text}</span>;
  return [
    { key: 'subject', name: names.subject, cell: (token) => titled(ownerOf(token)) },
    {
      key: 'roles',
      name: names.roles,
      cell: ({ roles }) => titled(roles.map((role) => words.value.roles[role] ?? role).join(', ') || '–'),
      minor: true,
    },
    { key: 'where', name: names.where, cell: (token) => titled(whereOf(token)), minor: true },
    {
      key: 'issued',
      name: names.issued,
      cell: (token) => titled(`${time(token.issued_at)} ${own.value.by(token.issued_by)}`),
      minor: true,
    },
    { key: 'expires', name: names.expires, cell: (token) => titled(time(token.expires_at)), minor: true },
    {
      key: 'state',
      name: names.state,
      cell: (token) => <TokenState token={token} clock={clock} />,
      width: '112px',
    },
    {
      key: 'revoke',
      name: names.revoke,
      cell: (token) =>
        stateOf(token, clock) === 'good' && (
          <button
            type="button"
            class="button"
            aria-label={own.value.revokeOf(ownerOf(token))}
            onClick={() => onOpen(token)}
          >
            {own.value.revoke}
          </button>
        ),
      width: '104px',
    },
  ];
}

function stateOf({ revoked_at: revoked, expires_at: expires }: Token, clock: number) {
  if (revoked) return 'revoked';
  return expires !== null && Date.parse(expires) <= clock ? 'over' : 'good';
}

function TokenState({ token, clock }: { token: Token; clock: number }) {
  const state = stateOf(token, clock);
  const shape = { revoked: 'failed', over: 'stopped', good: 'running' } as const;
  const title = token.revoked_at ? timeAt(Date.parse(token.revoked_at), clock) : undefined;
  return (
    <span class={`state ${shape[state]}`} title={title} data-token={state}>
      <StateShape state={shape[state]} />
      {own.value.tokenStates[state]}
    </span>
  );
}
