// Every message as it comes: stopped when somebody reads, searched, and each to be read as it came.

import { useState } from 'preact/hooks';
import { type Column, Table } from '../components/table';
import { timeIn } from '../data/clock';
import { choose, chosen } from './address';
import { type Entry, matching } from './journal';
import { journal, version } from './watch';
import { visualizationWords } from './words';

const TYPES = ['realtime_analysis', 'voice_analysis', 'error', 'skipped', 'link'];

export function MessageConsole() {
  version.value;
  const said = visualizationWords.value;
  const [frozen, setFrozen] = useState<readonly Entry[]>();
  const [read, setRead] = useState<Entry>();
  const all = frozen ?? journal.entries;
  const rows = matching(all, chosen('type'), chosen('q'));
  const newer = frozen ? (journal.entries[0]?.id ?? 0) - (frozen[0]?.id ?? 0) : 0;
  return (
    <section class="console" aria-labelledby="console-title">
      <header>
        <h2 id="console-title">{said.console}</h2>
        <button
          type="button"
          class="button"
          aria-pressed={frozen !== undefined}
          onClick={() => setFrozen(frozen ? undefined : journal.entries)}
        >
          {frozen ? said.goOn : said.pause}
        </button>
        <span class="quiet figure newer">{newer > 0 && said.newer(newer)}</span>
        <Filters />
        <button
          type="button"
          class="button"
          onClick={() => {
            journal.clear();
            setFrozen(frozen && []);
            setRead(undefined);
          }}
        >
          {said.clear}
        </button>
      </header>
      <div class="messages">
        <Table
          label={said.list}
          columns={columns(read, setRead)}
          rows={rows}
          keyOf={({ id }) => id}
          empty={all.length === 0 ? said.noMessages : said.noMatch}
        />
        <section
          class="raw"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard
          tabIndex={0}
          aria-label={said.raw}
        >
          {read ? <pre>{JSON.stringify(read.message, null, 2)}</pre> : <p class="quiet">{said.choose}</p>}
        </section>
      </div>
    </section>
  );
}

function Filters() {
  const { all, filter, type } = visualizationWords.value;
  return (
    <>
      <input
        type="search"
        aria-label={filter}
        placeholder={filter}
        value={chosen('q')}
        onInput={(event) => choose('q', event.currentTarget.value)}
      />
      <select aria-label={type} onChange={(event) => choose('type', event.currentTarget.value)}>
        <option value="" selected={chosen('type') === ''}>
          {type}: {all}
        </option>
        {TYPES.map((name) => (
          <option key={name} value={name} selected={chosen('type') === name}>
            {name}
          </option>
        ))}
      </select>
    </>
  );
}

/** `12:04:31.250`: two messages of one second are told apart. */
const received = (at: number) => `${timeIn(undefined, at, Date.now())}.${String(at % 1000).padStart(3, '0')}`;

function columns(read: Entry | undefined, onRead: (entry: Entry) => void): Column<Entry>[] {
  const said = visualizationWords.value;
  return [
    {
      key: 'at',
      name: said.received,
      width: '112px',
      cell: (entry) => <span title={said.receivedHelp}>{received(entry.at)}</span>,
    },
    {
      key: 'type',
      name: said.type,
      width: '160px',
      cell: (entry) => (
        <button type="button" class="link" aria-pressed={entry.id === read?.id} onClick={() => onRead(entry)}>
          {entry.type}
        </button>
      ),
    },
    { key: 'totem', name: said.totem, width: '140px', minor: true, cell: ({ totem }) => totem },
    {
      key: 'size',
      name: said.size,
      width: '80px',
      isNumber: true,
      minor: true,
      cell: ({ chars }) => (chars > 0 ? `${(chars / 1024).toFixed(1)} KB` : ''),
    },
    { key: 'text', name: said.content, minor: true, cell: ({ text }) => <code>{text}</code> },
  ];
}
