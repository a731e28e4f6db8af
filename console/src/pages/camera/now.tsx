// What a camera sees now and this hour, and the figures of how it runs.

import type { Camera } from '../../api';
import { serverNow } from '../../api';
import { type Hour, peakSince, thisHour } from '../../api/camera';
import { Show, Skeleton, useAsked } from '../../components/asked';
import { Figure } from '../../components/figure';
import { timeAt } from '../../data/branches';
import { visitsOf, wallClock } from '../../data/facts';
import { now } from '../../data/feed';
import { shifts } from '../../data/shifts';
import { words } from '../../i18n';
import { fromServer } from '../../i18n/server';
import type { Playback } from '../../video/player';
import { cameraWords } from './words';

const HOUR_EVERY_MS = 15_000;

export function Now({ camera, playback }: { camera: Camera; playback: Playback | undefined }) {
  const said = cameraWords.value;
  const { status } = camera;
  const visits = visitsOf(shifts.value, camera);
  const hour = useAsked(
    (signal) => thisHour(camera, serverNow(), signal),
    [camera.id, camera.branch_id],
    HOUR_EVERY_MS,
  );
  return (
    <>
      <section class="now" aria-label={said.now}>
        <p>
          {status.state === 'running' && (
            <span data-fact="people-now">
              <Figure value={status.people_now} /> {words.value.peopleNow(status.people_now)}
            </span>
          )}
          {visits !== undefined && (
            <span data-fact="visits-shift">
              <Figure value={visits} /> {words.value.visitsThisShift(visits)}
            </span>
          )}
        </p>
        {status.lines.length + status.zones.length > 0 && <Shapes camera={camera} />}
      </section>
      <section class="hour">
        <Show of={hour} skeleton={<Skeleton lines={3} />}>
          {(value) => <HourFacts hour={value} />}
        </Show>
      </section>
      <details class="more">
        <summary>{said.more}</summary>
        <Details camera={camera} playback={playback} />
      </details>
    </>
  );
}

/** Lines and zones with what they say now. */
function Shapes({ camera }: { camera: Camera }) {
  const said = cameraWords.value;
  const { lines, zones } = camera.status;
  return (
    <ul class="live-shapes">
      {lines.map(({ name, entries, exits }) => (
        <li key={`line ${name}`} data-line={name}>
          <span>{name}</span>
          <b class="figure">{said.counted(entries, exits)}</b>
        </li>
      ))}
      {lines.length > 0 && <li class="quiet">{said.linesSince}</li>}
      {zones.map(({ name, people }) => (
        <li key={`zone ${name}`} data-zone={name}>
          <span>{name}</span>
          <b class="figure">{said.inZone(people)}</b>
        </li>
      ))}
    </ul>
  );
}

function HourFacts({ hour }: { hour: Hour }) {
  const said = cameraWords.value;
  const { number } = words.value;
  const { points } = hour.occupancy;
  const peak = peakSince(hour.occupancy, hour.start);
  return (
    <>
      <h2>{said.thisHour(wallClock(hour.start))}</h2>
      <p class="figures">
        <span>
          <b class="figure">{number(hour.visits)}</b> {said.visits}
        </span>
        <span>
          <b class="figure">{number(hour.entries)}</b> {said.entries}
        </span>
        <span>
          <b class="figure">{number(hour.exits)}</b> {said.exits}
        </span>
        {peak && (
          <span>
            <b class="figure">{number(peak.people)}</b> {said.peak(wallClock(peak.at))}
          </span>
        )}
      </p>
      {points.length === 0 ? <p class="quiet">{said.notSeen}</p> : <Band points={points} />}
    </>
  );
}

const BAND = { width: 360, height: 48 };

/** Least to most people of each minute as a band, and their mean as a line. */
function Band({ points }: { points: Hour['occupancy']['points'] }) {
  const said = cameraWords.value;
  const most = Math.max(1, ...points.map(({ max }) => max));
  const end = Math.max(...points.map(({ start }) => Date.parse(start))) + 60_000;
  const x = (start: string) => BAND.width * (1 - (end - Date.parse(start)) / 3_600_000);
  const y = (people: number) => BAND.height - 1 - (people / most) * (BAND.height - 2);
  const bar = BAND.width / 60;
  return (
    <figure class="hour-band">
      <svg viewBox={`0 0 ${BAND.width} ${BAND.height}`} role="img" aria-label={`${said.lastHour}; 0–${most}`}>
        {points.map(({ start, min, mean, max }) => (
          <g key={start}>
            <rect x={x(start)} y={y(max)} width={bar} height={Math.max(1, y(min) - y(max))} class="range" />
            <rect x={x(start)} y={y(mean) - 0.75} width={bar} height={1.5} class="mean" />
          </g>
        ))}
      </svg>
      <figcaption class="quiet">
        {said.lastHour}; 0–{most}
      </figcaption>
    </figure>
  );
}

function Details({ camera, playback }: { camera: Camera; playback: Playback | undefined }) {
  const { status } = camera;
  const { facts, fps, frames, number, states, via } = words.value;
  const { latency, viewers } = cameraWords.value;
  const ms = (value: number) => (value > 0 ? `${number(Math.round(value))} ms` : undefined);
  const rows: [string, string | undefined][] = [
    [facts.state, states[status.state]],
    [facts.since, status.since ? timeAt(Date.parse(status.since), now.value, camera.branch_id) : undefined],
    [facts.size, status.width > 0 ? `${status.width} × ${status.height} px` : undefined],
    [facts.fpsIn, fps(status.fps_in)],
    [facts.fpsAnalysed, fps(status.fps_analysed)],
    [facts.dropped, frames(status.frames_dropped)],
    [facts.inference, ms(status.inference_ms)],
    [latency, ms(status.latency_ms)],
    [viewers, number(status.viewers)],
    [facts.reconnects, number(status.reconnects)],
    [facts.video, playback?.via && via[playback.via]],
    [facts.pipeline, camera.pipeline],
    [facts.lastError, status.last_error ? fromServer(status.last_error) : undefined],
  ];
  return (
    <dl class="details">
      {rows.map(
        ([name, value]) =>
          value !== undefined && (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="figure">{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
