// Files that are being saved, and how it went: below the report, which stays in use meanwhile.

import { said } from '../../components/asked';
import { words } from '../../i18n';
import { bytes } from './figures';
import { dismiss, type Save, saves } from './saving';
import { say } from './words';

export function Saves() {
  if (saves.value.length === 0) return null;
  return (
    <section class="saves" aria-label={say.value.saving}>
      {saves.value.map((each) => (
        <One key={each.id} of={each} />
      ))}
    </section>
  );
}

function One({ of }: { of: Save }) {
  const { id, name, state, stop } = of;
  const runs = state === 'running';
  return (
    <div class="save-line" data-save={state}>
      <b>{name}</b>
      <span class="figure quiet" data-fact="saved">
        {amount(of)}
      </span>
      {/* Of a filter's rows nobody knows how many there are. */}
      {runs && <progress aria-label={name} max={of.expected} value={of.expected ? of.rows : undefined} />}
      <span role="status" class={state === 'failed' ? 'error' : ''}>
        {outcome(of)}
      </span>
      <span class="spring" />
      {runs ? (
        <button type="button" class="button" aria-label={say.value.stopSave(name)} onClick={stop}>
          {say.value.stop}
        </button>
      ) : (
        <button type="button" class="button" onClick={() => dismiss(id)}>
          {words.value.dismiss}
        </button>
      )}
    </div>
  );
}

function amount({ rows, expected, state, bytes: size }: Save): string {
  const isShort = state === 'running' && expected !== undefined && rows <= expected;
  const count = isShort
    ? say.value.ofRows(words.value.number(rows), say.value.rowCount(expected))
    : say.value.rowCount(rows);
  return `${count} · ${bytes(size)}`;
}

function outcome({ state, why }: Save): string {
  switch (state) {
    case 'running':
      return '';
    case 'saved':
      return say.value.saved;
    case 'stopped':
      return say.value.stopped;
    case 'failed':
      if (why === 'stalled') return say.value.failed(say.value.stalled);
      return say.value.failed(why === 'broken off' ? say.value.brokenOff : said(why));
  }
}
