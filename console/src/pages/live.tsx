// The page a shift manager glances at: the facts in one line, and every camera.

import type { ComponentChildren } from 'preact';
import { AddButton } from '../components/add-button';
import { Figure } from '../components/figure';
import { StateShape } from '../components/icons';
import { Wall } from '../components/wall';
import { WallBar, wallPage } from '../components/wall-bar';
import { branch, timeAt } from '../data/branches';
import { type Facts, factsOf, type Visits } from '../data/facts';
import { link, now } from '../data/feed';
import { kept } from '../data/removal';
import { shifts } from '../data/shifts';
import { shiftName, words } from '../i18n';
import { lazy } from '../lazy';
import { route } from '../routes';
import { Empty } from './empty';

const AddCamera = lazy(() => import('./add-camera'));

export function Live() {
  const all = kept.value;
  const list = branch.value ? all?.filter((camera) => camera.branch_id === branch.value?.id) : all;
  if (!list) return <p class="loading">{words.value.loading}</p>;
  const page = wallPage(list);
  return (
    <>
      {list.length === 0 ? (
        <Empty />
      ) : (
        <>
          <FactsLine facts={factsOf(list, shifts.value)}>
            {list.length > 1 && <WallBar page={page} all={list.length} />}
          </FactsLine>
          <Wall cameras={page.shown} />
        </>
      )}
      {route.value.query.has('add') && <AddCamera />}
    </>
  );
}

function FactsLine({ facts, children }: { facts: Facts; children: ComponentChildren }) {
  const isMissing = facts.running < facts.cameras;
  return (
    <header class="facts">
      <h1 class="unseen">{words.value.live}</h1>
      <p>
        <span data-fact="cameras" class={isMissing ? 'missing' : ''}>
          {isMissing && <StateShape state="lost" />}
          <Figure value={facts.running} /> {words.value.ofCameras(facts.cameras)}
        </span>
        <span data-fact="people">
          <Figure value={facts.peopleNow} /> {words.value.peopleNow(facts.peopleNow)}
        </span>
        {facts.visits && <VisitsFact visits={facts.visits} />}
      </p>
      <span class="spring" />
      {children}
      <AddButton />
    </header>
  );
}

function VisitsFact({ visits }: { visits: Visits }) {
  const { count, counted, branches, shift, oldSince } = visits;
  // While the whole server is away the banner says so already.
  const old = link.value.kind === 'live' ? oldSince : undefined;
  const of = [
    shift && words.value.shiftSince(shiftName(shift.name), shift.startsAt),
    branches > 1 && words.value.inBranches(counted, branches),
    old !== undefined && words.value.asOf(timeAt(old, now.value)),
  ].filter((part) => typeof part === 'string');
  return (
    <span data-fact="visits" class={old === undefined ? '' : 'old'}>
      <Figure value={count} /> {words.value.visitsThisShift(count)}
      {of.map((part, at) => (
        <span key={part}>
          {' '}
          <span class="part">
            {at === 0 && '('}
            {part}
            {at === of.length - 1 ? ')' : ' ·'}
          </span>
        </span>
      ))}
    </span>
  );
}
