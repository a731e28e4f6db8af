// Who serves which sectors: each tick is saved at once, and can be taken back.

import { useState } from 'preact/hooks';
import { type Assignment, type BranchFull, putAssignment } from '../../api/places';
import type { Sector } from '../../api/sectors';
import { TextField } from '../../components/form';
import { IconButton } from '../../components/icon-button';
import { CloseIcon } from '../../components/icons';
import { attempt, tell } from '../../components/toast';
import { words } from '../../i18n';
import { placeWords } from './words';

interface PeopleProps {
  branch: BranchFull;
  sectors: readonly Sector[];
  assignments: readonly Assignment[];
  mayChange: boolean;
  onDone: () => void;
}

export function People({ branch, sectors, assignments, mayChange, onDone }: PeopleProps) {
  const w = placeWords.value;
  // Somebody who was named and has no sector yet is known here alone.
  const [named, setNamed] = useState<string[]>([]);
  const people = [...new Set([...assignments.map(({ user }) => user), ...named])].sort();
  const servedBy = (user: string) => assignments.find((each) => each.user === user)?.sector_ids ?? [];
  const serve = (user: string, ids: number[]) =>
    attempt(async () => {
      const before = servedBy(user);
      await putAssignment({ user, branch_id: branch.id, sector_ids: ids });
      onDone();
      const names = sectors.filter(({ id }) => ids.includes(id)).map(({ name }) => name);
      tell(w.now(user, names.join(', ')), async () => {
        await putAssignment({ user, branch_id: branch.id, sector_ids: before });
        onDone();
      });
    });
  return (
    <>
      {people.length === 0 ? (
        <p class="quiet">{w.nobody}</p>
      ) : (
        <Matrix
          people={people}
          sectors={sectors}
          mayChange={mayChange}
          servedBy={servedBy}
          onServe={(user, ids) => {
            if (ids.length === 0) setNamed((last) => last.filter((each) => each !== user));
            void serve(user, ids);
          }}
        />
      )}
      {mayChange && <AddPerson onName={(user) => setNamed((last) => [...last, user])} />}
    </>
  );
}

interface MatrixProps {
  people: readonly string[];
  sectors: readonly Sector[];
  mayChange: boolean;
  servedBy: (user: string) => readonly number[];
  onServe: (user: string, sectors: number[]) => void;
}

function Matrix({ people, sectors, mayChange, servedBy, onServe }: MatrixProps) {
  const w = placeWords.value;
  const toggled = (ids: readonly number[], id: number) =>
    ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard
    <section class="matrix" tabIndex={0} aria-label={w.whoServes}>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">{w.person}</th>
            {sectors.map(({ id, name }) => (
              <th key={id} scope="col">
                {name}
              </th>
            ))}
            {mayChange && <td />}
          </tr>
        </thead>
        <tbody>
          {people.map((user) => (
            <tr key={user}>
              <th scope="row">{user}</th>
              {sectors.map(({ id, name }) => (
                <td key={id}>
                  <input
                    type="checkbox"
                    aria-label={w.serves(user, name)}
                    checked={servedBy(user).includes(id)}
                    disabled={!mayChange}
                    onChange={() => onServe(user, toggled(servedBy(user), id))}
                  />
                </td>
              ))}
              {mayChange && (
                <td>
                  <IconButton label={w.takeAll(user)} onClick={() => onServe(user, [])}>
                    <CloseIcon />
                  </IconButton>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function AddPerson({ onName }: { onName: (user: string) => void }) {
  const w = placeWords.value;
  const [name, setName] = useState('');
  const add = () => {
    if (name.trim()) onName(name.trim());
    setName('');
  };
  return (
    <form
      class="add-person"
      onSubmit={(event) => {
        event.preventDefault();
        add();
      }}
    >
      <TextField label={w.personName} hint={w.personHint} value={name} onValue={setName} />
      <button type="submit" class="button" disabled={name.trim() === ''} title={w.addPerson}>
        {words.value.add}
      </button>
    </form>
  );
}
