// How the totem that is looked at, and the way to it, do.

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useNow } from '../components/use';
import { words } from '../i18n';
import { current, errors, line, roundTripMs, skipped, token, version } from './watch';
import { visualizationWords } from './words';

const METRICS_EVERY_MS = 5000;

/** No figure yet, or no more. */
const NONE = '–';

export function FigureList() {
  const now = useNow();
  version.value;
  const said = visualizationWords.value;
  const totem = current();
  const figures = totem?.figures(now);
  const isStale = totem?.isStale(now) ?? true;
  const connections = useConnections();
  const ms = (n: number | undefined) => (n === undefined ? NONE : said.ms(n));
  return (
    <section class="figures-list" aria-labelledby="figures-title">
      <h2 id="figures-title">{said.figures}</h2>
      <dl>
        <Line name={said.people} fact="people">
          {totem && !isStale ? words.value.number(totem.answer.detections.length) : NONE}
        </Line>
        <Line name={said.rate} help={said.rateHelp} fact="rate">
          {figures ? said.rateOf(figures.answersPerSecond) : NONE}
        </Line>
        <Line name={said.detections} help={said.detectionsHelp} fact="detections">
          {figures ? words.value.number(figures.detections) : NONE}
        </Line>
        <Line name={said.latency} help={said.latencyHelp} fact="latency">
          {ms(figures?.boxesAgeMs)}
          {figures?.worstAgeMs !== undefined && (
            <span class="quiet"> · {said.worst(said.ms(figures.worstAgeMs))}</span>
          )}
        </Line>
        <Line name={said.roundTrip} fact="round-trip">
          {ms(roundTripMs)}
        </Line>
        <Line name={said.connections} fact="connections">
          {connections === undefined ? NONE : words.value.number(connections)}
        </Line>
        <Line name={said.skipped} help={said.skippedHelp} fact="skipped">
          {words.value.number(skipped)}, {words.value.number(errors)}
        </Line>
        <Line name={said.engine} fact="engine">
          {totem?.answer.engine ?? NONE}
        </Line>
      </dl>
    </section>
  );
}

interface LineProps {
  name: string;
  help?: string;
  fact: string;
  children: ComponentChildren;
}

function Line({ name, help, fact, children }: LineProps) {
  return (
    <div title={help}>
      <dt>{name}</dt>
      <dd class="figure" data-fact={fact}>
        {children}
      </dd>
    </div>
  );
}

/** Totems and those who watch them, on this server; undefined for those who may not know. */
function useConnections(): number | undefined {
  const [count, setCount] = useState<number>();
  const isLive = line.value.kind === 'live';
  useEffect(() => {
    if (!isLive) return;
    const ask = async () => {
      const response = await fetch(
        '/metrics',
        token ? { headers: { authorization: `Bearer ${token}` } } : {},
      );
      // Whoever may not know need not ask again.
      if (response.status === 401 || response.status === 403) clearInterval(timer);
      const told = response.ok ? await response.text() : '';
      const figure = /^\w*totem_connections\S* (\d+)/m.exec(told)?.[1];
      setCount(figure === undefined ? undefined : Number(figure));
    };
    const askOrNot = () => void ask().catch(() => setCount(undefined));
    const timer = setInterval(askOrNot, METRICS_EVERY_MS);
    askOrNot();
    return () => clearInterval(timer);
  }, [isLive]);
  return count;
}
