// Which server this is, as whom one is here, and where programs read on.

import { branches } from '../../data/branches';
import { may, session } from '../../data/feed';
import { words } from '../../i18n';

import { own } from './words';

const LINKS = [
  ['docs', '/docs'],
  ['openapi', '/api/v1/openapi.json'],
  ['asyncapi', '/api/v1/asyncapi.json'],
  ['metrics', '/metrics'],
  ['gateway', '/ws/health/detailed'],
  ['live', '/healthz'],
  ['ready', '/readyz'],
] as const;

const READ_BY_FEW = new Set(['metrics', 'gateway']);

export function About() {
  const me = session.value;
  if (!me) return null;
  const ofRole = me.roles.map((role) => words.value.roles[role] ?? role).join(', ');
  const seen = branches.value?.filter(({ id }) => me.branch_ids.length === 0 || me.branch_ids.includes(id));
  return (
    <>
      <dl class="details">
        <Fact name={own.value.version} value={`Atalaya ${me.version}`} />
        <Fact name={own.value.address} value={window.location.origin} />
        <Fact name={own.value.you} value={`${me.subject} (${ofRole})`} />
        <Fact
          name={own.value.yourBranches}
          value={
            me.branch_ids.length === 0 ? own.value.allOf : (seen?.map(({ name }) => name).join(', ') ?? '…')
          }
        />
        <Fact
          name={own.value.youMay}
          value={me.may.map((each) => own.value.mayList[each] ?? each).join(', ')}
        />
      </dl>
      <section aria-labelledby="contracts">
        <h2 id="contracts">{own.value.contracts}</h2>
        <ul class="links">
          {LINKS.map(([name, address]) => (
            <li key={name}>
              {READ_BY_FEW.has(name) && !may('read metrics') ? (
                <>
                  {own.value.docs[name]} <code>{address}</code>{' '}
                  <span class="quiet">{own.value.aboutMetrics}</span>
                </>
              ) : (
                <>
                  <a href={address}>{own.value.docs[name]}</a> <code>{address}</code>
                </>
              )}
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
