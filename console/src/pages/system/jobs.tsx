// Scheduled work: when it was done, when it is due, and doing it now.

import type { CameraStateName } from '../../api';
import { serverNow } from '../../api';
import { type Job, listJobs, runJob } from '../../api/system';
import { Show, Skeleton, useAsked } from '../../components/asked';
import { StateShape } from '../../components/icons';
import { attempt, tell } from '../../components/toast';
import { timeAt } from '../../data/branches';
import { away } from '../../data/clock';
import { now } from '../../data/feed';
import { fromServer } from '../../i18n/server';
import { Only } from './may';
import { own } from './words';

const EVERY_MS = 3000;

export function Jobs() {
  return (
    <Only action="operate the server">
      <List />
    </Only>
  );
}

const nameOf = ({ name }: Job) => own.value.jobNames[name] ?? name;

function List() {
  const jobs = useAsked(listJobs, [], EVERY_MS);
  const run = async (job: Job) => {
    if (await attempt(() => runJob(job.name))) tell(own.value.begun(nameOf(job)));
    jobs.again();
  };
  const names = own.value.job;
  return (
    <>
      <p class="quiet">{own.value.jobsNote}</p>
      <Show of={jobs} skeleton={<Skeleton lines={8} />}>
        {(list) => (
          <table class="wordy">
            <thead>
              <tr>
                <th scope="col">{names.name}</th>
                <th scope="col">{names.every}</th>
                <th scope="col">{names.last}</th>
                <th scope="col">{names.next}</th>
                <th scope="col">{names.run}</th>
              </tr>
            </thead>
            <tbody>
              {list.map((job) => (
                <Row key={job.name} job={job} onRun={() => void run(job)} />
              ))}
            </tbody>
          </table>
        )}
      </Show>
    </>
  );
}

function Row({ job, onRun }: { job: Job; onRun: () => void }) {
  const names = own.value.job;
  const clock = serverNow() + 0 * now.value;
  return (
    <tr data-job={job.name}>
      <th scope="row">
        {nameOf(job)}
        <p class="quiet">{own.value.jobHelp[job.name]}</p>
      </th>
      <td data-name={names.every}>{own.value.every(job.every)}</td>
      <td data-name={names.last}>
        <LastRun job={job} clock={clock} />
      </td>
      <td data-name={names.next}>
        {timeAt(Date.parse(job.next), clock)}
        <p class="quiet">{away(Date.parse(job.next), clock)}</p>
      </td>
      <td>
        <button
          type="button"
          class="button"
          disabled={job.running}
          aria-label={own.value.runJob(nameOf(job))}
          onClick={onRun}
        >
          {own.value.runNow}
        </button>
      </td>
    </tr>
  );
}

type Outcome = 'running' | 'done' | 'failed' | 'waiting' | 'broken';

const SHAPE: Record<Outcome, CameraStateName> = {
  running: 'connecting',
  done: 'running',
  failed: 'failed',
  waiting: 'stopped',
  broken: 'lost',
};

function outcomeOf({ running, last }: Job): Outcome {
  if (running) return 'running';
  if (!last) return 'waiting';
  return last.outcome ?? 'broken';
}

function LastRun({ job, clock }: { job: Job; clock: number }) {
  const { last, last_done: lastDone } = job;
  const outcome = outcomeOf(job);
  const shape = SHAPE[outcome];
  return (
    <>
      <span class={`state ${shape}`} data-outcome={outcome}>
        <StateShape state={shape} />
        <span aria-live="polite">{own.value.jobStates[outcome]}</span>
      </span>{' '}
      {last && (
        <>
          {timeAt(Date.parse(last.started), clock)}
          {last.duration_ms !== null && <span class="quiet"> · {own.value.took(last.duration_ms)}</span>}
          <span class="quiet"> · {own.value.byNode(last.node)}</span>
          {last.detail && <p class={outcome === 'failed' ? 'error' : 'quiet'}>{fromServer(last.detail)}</p>}
        </>
      )}
      {outcome === 'failed' && (
        <p class="quiet">
          {own.value.lastDone(lastDone ? timeAt(Date.parse(lastDone), clock) : own.value.never)}
        </p>
      )}
    </>
  );
}
