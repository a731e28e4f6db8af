// The page a shift manager glances at: the facts in one line, and every camera.

import { Figure } from '../components/figure';
import { Wall } from '../components/wall';
import { type Facts, factsOf } from '../data/facts';
import { cameras, link, now, summary, summaryOldSince } from '../data/feed';
import { timeOf, words } from '../i18n';
import { Empty } from './empty';

export function Live() {
  const list = cameras.value;
  if (!list) return <p class="loading">{words.value.loading}</p>;
  if (list.length === 0) return <Empty />;
  return (
    <>
      <FactsLine facts={factsOf(list, summary.value)} />
      <Wall cameras={list} />
    </>
  );
}

function FactsLine({ facts }: { facts: Facts }) {
  const { shift } = facts;
  // While the whole server is away the banner says so already.
  const old = link.value.kind === 'live' ? summaryOldSince.value : undefined;
  return (
    <header class="facts">
      <h1>{words.value.live}</h1>
      <p>
        <span data-fact="cameras">
          <Figure value={facts.running} /> {words.value.ofCameras(facts.cameras)}
        </span>
        <span data-fact="people">
          <Figure value={facts.peopleNow} /> {words.value.peopleNow(facts.peopleNow)}
        </span>
        {facts.visits !== undefined && shift && (
          <span data-fact="visits" class={old === undefined ? '' : 'old'}>
            <Figure value={facts.visits} /> {words.value.visitsThisShift(facts.visits)}{' '}
            <span class="quiet">
              ({words.value.shiftSince(words.value.shifts[shift.name] ?? shift.name, shift.startsAt)})
              {old !== undefined && ` · ${words.value.asOf(timeOf(old, now.value))}`}
            </span>
          </span>
        )}
      </p>
    </header>
  );
}
