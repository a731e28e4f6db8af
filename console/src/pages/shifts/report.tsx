// All that is told of a shift; of one without figures, why.

import { Crossings, Zones } from './crossings';
import { Compared, Facts } from './facts';
import { HeatBlock } from './heat';
import { Hours } from './hours';
import { Occupancy } from './occupancy';
import { Stays } from './stays';
import type { Choice, View } from './view';
import { say } from './words';
import { Wore } from './wore';

export function Report({ view, choice }: { view: View; choice: Choice }) {
  const { summary, running } = view.first;
  const isEmpty = summary.visits === 0 && !view.second?.summary.visits;
  const wasSeen = summary.occupancy_peak !== null;
  return (
    <>
      <Facts view={view} />
      {isEmpty && (
        <div class="nothing" role="status">
          <h2>{wasSeen ? say.value.noVisitsTitle : say.value.noDataTitle}</h2>
          <p class="quiet">
            {wasSeen ? (running ? say.value.noVisits : say.value.noVisitsOver) : say.value.noData}
          </p>
        </div>
      )}
      <div class="blocks">
        <Compared view={view} />
        {(!isEmpty || wasSeen) && <Occupancy view={view} />}
        {!isEmpty && (
          <>
            <Hours view={view} />
            <Stays view={view} />
            <div class="pair">
              <Crossings view={view} />
              <Zones view={view} />
            </div>
            <HeatBlock view={view} choice={choice} />
            <Wore view={view} />
          </>
        )}
      </div>
    </>
  );
}
