// What was said of people's looks: how many of those of whom anything was said.

import type { ShiftSummary, ValueCount } from '../../api/shifts';
import { words } from '../../i18n';
import { attributeValue } from '../../i18n/attributes';
import { Block } from './block';
import { visitCount } from './facts';
import { figure, share } from './figures';
import { shiftTitle, type View } from './view';
import { say } from './words';

const LOOKS = ['garments', 'colors', 'accessories', 'bags', 'ages'] as const;
type Look = (typeof LOOKS)[number];

export function Wore({ view }: { view: View }) {
  const { second, first, branch } = view;
  const zone = branch.time_zone;
  return (
    <Block room="wide last" title={say.value.wore} view={view}>
      {second && (
        <p class="legend">
          <span class="bars first">{shiftTitle(first.summary.shift, zone)}</span>
          <span class="bars second">{shiftTitle(second.summary.shift, zone)}</span>
        </p>
      )}
      <div class="looks">
        {LOOKS.map((look) => (
          <Shares key={look} look={look} of={first.summary} beside={second?.summary} />
        ))}
      </div>
    </Block>
  );
}

interface SharesProps {
  look: Look;
  of: ShiftSummary;
  beside: ShiftSummary | undefined;
}

function Shares({ look, of, beside }: SharesProps) {
  const ours = of[look];
  const theirs = beside?.[look] ?? [];
  const values = [...new Set([...inOrder(look, ours), ...inOrder(look, theirs)])];
  const saidOf = spokenOf(ours);
  return (
    <section>
      <h3>{say.value.looks[look]}</h3>
      {values.length > 0 && (
        <ul class="shares">
          {values.map((value) => (
            <li key={value}>
              <span class="name">
                {look === 'colors' && <i class="colour" data-color={value} />}
                {attributeValue(value)}
              </span>
              <Bar of={ours.find((each) => each.value === value)} tone="first" />
              {beside && <Bar of={theirs.find((each) => each.value === value)} tone="second" />}
            </li>
          ))}
        </ul>
      )}
      <p class="quiet footnote">
        {saidOf > 0 ? say.value.saidOf(saidOf, visitCount(of.visits)) : say.value.saidOfNone}
        {look === 'ages' && of.age_mean !== null && ` ${say.value.ageMean(figure(of.age_mean))}`}
      </p>
    </section>
  );
}

/** Ages stand in their own order, of which those that nobody has are left out at both ends. */
function inOrder(look: Look, counts: readonly ValueCount[]): string[] {
  if (look !== 'ages') return counts.map(({ value }) => value);
  const has = counts.map(({ count }) => count > 0);
  const [first, last] = [has.indexOf(true), has.lastIndexOf(true)];
  return first < 0 ? [] : counts.slice(first, last + 1).map(({ value }) => value);
}

/** Of how many visits anything was said: only the most frequent values are told, each with its share. */
export function spokenOf(counts: readonly ValueCount[]): number {
  const most = counts.reduce<ValueCount | undefined>(
    (best, each) => (each.count > (best?.count ?? 0) ? each : best),
    undefined,
  );
  return most && most.share > 0 ? Math.round(most.count / most.share) : 0;
}

function Bar({ of, tone }: { of: ValueCount | undefined; tone: 'first' | 'second' }) {
  const part = of?.share ?? 0;
  return (
    <>
      <span class={`bar-room ${tone}`} aria-hidden="true">
        <span style={{ width: `${part * 100}%` }} />
      </span>
      <span class="figure amount">
        {share(part)} <span class="quiet">· {words.value.number(of?.count ?? 0)}</span>
      </span>
    </>
  );
}
