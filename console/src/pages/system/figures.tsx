// A few figures of `/metrics` at a glance, with their course since the page was opened.

import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { metricsText } from '../../api/system';
import { Show, Skeleton, useAsked } from '../../components/asked';
import { timeAt } from '../../data/branches';
import { session } from '../../data/feed';
import { words } from '../../i18n';
import { Only } from './may';
import { joined, lineOf, QUANTITIES, type Quantity, type Reading, seriesOf, sumsOf } from './metrics';
import { own } from './words';

const EVERY_MS = 5000;
/** The server's own counts come in rounds of a second: less than two of them say little. */
const SOON_MS = 2500;

/** Kept while other parts and pages are looked at, so that coming back shows the minutes before. */
const readings = signal<readonly Reading[]>([]);
let readFor: string | undefined;

async function read(stop: AbortSignal): Promise<Reading> {
  const sums = sumsOf(await metricsText(stop));
  const next = { at: Date.now(), sums };
  // Another person sees other cameras, so other sums.
  const reader = session.value?.subject;
  readings.value = readFor === reader ? joined(readings.value, next) : [next];
  readFor = reader;
  return next;
}

export function Figures() {
  const last = readings.value.at(-1);
  return (
    <section aria-labelledby="figures">
      <header class="row">
        <h2 id="figures">{own.value.figuresTitle}</h2>
        {last && <span class="quiet as-of">{words.value.asOf(timeAt(last.at, Date.now()))}</span>}
      </header>
      <Only action="read metrics">
        <Read />
      </Only>
    </section>
  );
}

function Read() {
  const asked = useAsked(read, [], EVERY_MS);
  useEffect(() => {
    // A rate needs two readings: the second comes soon, the others in their time.
    if (readings.value.length > 1) return;
    const soon = setTimeout(asked.again, SOON_MS);
    return () => clearTimeout(soon);
  }, []);
  return (
    <Show of={asked} skeleton={<Skeleton lines={4} />}>
      {() => (
        <dl class="quantities">
          {QUANTITIES.map((quantity) => (
            <Amount key={quantity} quantity={quantity} />
          ))}
        </dl>
      )}
    </Show>
  );
}

const WIDTH = 120;
const HEIGHT = 24;

function Amount({ quantity }: { quantity: Quantity }) {
  const points = seriesOf(quantity, readings.value);
  const last = points.at(-1);
  const amount = own.value.amount[quantity];
  return (
    <div data-quantity={quantity}>
      <dt>{own.value.quantities[quantity]}</dt>
      <dd>
        {last ? <b>{amount(last.value)}</b> : <span class="quiet">{own.value.measuring}</span>}
        <Spark quantity={quantity} />
      </dd>
    </div>
  );
}

/** The course of a figure; its words say what it shows. */
function Spark({ quantity }: { quantity: Quantity }) {
  const points = seriesOf(quantity, readings.value);
  const [first, last] = [points[0], points.at(-1)];
  const values = points.map(({ value }) => value);
  const amount = own.value.amount[quantity];
  const label =
    first && last
      ? own.value.range(
          amount(Math.min(...values)),
          amount(Math.max(...values)),
          (last.at - first.at) / 60_000,
        )
      : own.value.measuring;
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      <polyline points={lineOf(points, WIDTH, HEIGHT - 2)} transform="translate(0 1)" />
    </svg>
  );
}
