// The pipeline descriptions that cameras can name, and one of them with its parameters.

import {
  getPipeline,
  listPipelines,
  type Parameter,
  type Pipeline,
  type PipelineSummary,
} from '../../api/pipelines';
import { Show, Skeleton, useAsked } from '../../components/asked';
import { Command } from '../../components/command';
import { Table } from '../../components/table';
import { cameras } from '../../data/feed';
import { fromServer } from '../../i18n/server';
import { href, route } from '../../routes';
import { own } from './words';

export function Pipelines() {
  const name = route.value.rest[1];
  return name ? <One key={name} name={name} /> : <List />;
}

const usersOf = (name: string) => (cameras.value ?? []).filter(({ pipeline }) => pipeline === name).length;

function List() {
  const pipelines = useAsked(listPipelines, []);
  const columns = [
    {
      key: 'name',
      name: own.value.parameter.name,
      cell: ({ name }: PipelineSummary) => <a href={href('system', ['pipelines', name])}>{name}</a>,
      width: '112px',
    },
    {
      key: 'meaning',
      name: own.value.model.description,
      cell: ({ description }: PipelineSummary) => (
        <span title={fromServer(description)}>{fromServer(description)}</span>
      ),
    },
    {
      key: 'users',
      name: own.value.node.cameras,
      cell: ({ name }: PipelineSummary) => own.value.pipelineUsers(usersOf(name)),
      width: '180px',
      minor: true,
    },
  ];
  return (
    <>
      <p class="quiet">{own.value.pipelinesNote}</p>
      <Show of={pipelines}>
        {(list) => (
          <Table
            label={own.value.parts.pipelines}
            columns={columns}
            rows={list}
            keyOf={({ name }) => name}
            empty={own.value.noPipelines}
          />
        )}
      </Show>
    </>
  );
}

function One({ name }: { name: string }) {
  const pipeline = useAsked((signal) => getPipeline(name, signal), [name]);
  return (
    <>
      <p>
        <a href={href('system', ['pipelines'])}>{own.value.backToPipelines}</a>
      </p>
      <Show of={pipeline} skeleton={<Skeleton lines={12} />}>
        {(told) => <Described pipeline={told} />}
      </Show>
    </>
  );
}

function Described({ pipeline }: { pipeline: Pipeline }) {
  return (
    <>
      <section>
        <h2>{pipeline.name}</h2>
        <p>{fromServer(pipeline.description)}</p>
        <p class="quiet">{own.value.pipelineUsers(usersOf(pipeline.name))}</p>
      </section>
      <section aria-labelledby="parameters">
        <h2 id="parameters">{own.value.parameters}</h2>
        {pipeline.parameters.length === 0 ? (
          <p class="quiet">{own.value.noParameters}</p>
        ) : (
          <Parameters list={pipeline.parameters} />
        )}
      </section>
      <section aria-labelledby="launch">
        <h2 id="launch">{own.value.launch}</h2>
        <p class="quiet">{own.value.launchNote}</p>
        <Command text={pipeline.launch.trim()} />
      </section>
    </>
  );
}

/** Rows as high as their text: what a parameter means is here to be read. */
function Parameters({ list }: { list: readonly Parameter[] }) {
  const names = own.value.parameter;
  return (
    <table class="wordy">
      <thead>
        <tr>
          <th scope="col">{names.name}</th>
          <th scope="col">{names.value}</th>
          <th scope="col">{names.fallback}</th>
          <th scope="col">{names.meaning}</th>
        </tr>
      </thead>
      <tbody>
        {list.map((parameter) => (
          <tr key={parameter.name}>
            <th scope="row">
              <code>{parameter.name}</code>
            </th>
            <td data-name={names.value}>{takes(parameter)}</td>
            <td data-name={names.fallback}>{fallback(parameter)}</td>
            <td data-name={names.meaning}>{fromServer(parameter.description)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** `whole number, 0 to 10,000`; `one of: tcp, udp`. */
function takes({ type, min, max, choices, secret }: Parameter): string {
  const number = new Intl.NumberFormat(own.value.locale);
  const bound = (limit: number | null) => (limit === null ? '…' : number.format(limit));
  const range = min === null && max === null ? '' : own.value.fromTo(bound(min), bound(max));
  const named = own.value.types[type] ?? type;
  const listed = choices.length > 0 ? `${named}: ${choices.join(', ')}` : named;
  const words = range ? `${listed}, ${range}` : listed;
  return secret ? `${words} · ${own.value.secret}` : words;
}

function fallback({ required, default: value }: Parameter) {
  if (required) return <b>{own.value.required}</b>;
  if (value === null || value === '') return <span class="quiet">{own.value.none}</span>;
  return <code>{String(value)}</code>;
}
