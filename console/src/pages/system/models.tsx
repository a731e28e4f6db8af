// The models: what each is for, where it runs, how fast.

import { listModels, type Model } from '../../api/system';
import { Show, useAsked } from '../../components/asked';
import { Command } from '../../components/command';
import { StateShape } from '../../components/icons';
import { type Column, Table } from '../../components/table';
import { fromServer } from '../../i18n/server';
import { own } from './words';

const EVERY_MS = 10_000;

export function Models() {
  const models = useAsked(listModels, [], EVERY_MS);
  return (
    <>
      <p class="quiet">{own.value.modelsNote}</p>
      <Show of={models}>
        {(list) => (
          <Table
            label={own.value.parts.models}
            columns={columns()}
            rows={list}
            keyOf={({ name }) => name}
            empty={<NoModels />}
          />
        )}
      </Show>
    </>
  );
}

function NoModels() {
  return (
    <>
      <p>{own.value.noModels}</p>
      <Command text="atalaya doctor" />
    </>
  );
}

function speedOf({ loaded, inference_ms: ms }: Model) {
  if (ms !== null) return own.value.ms(ms);
  return loaded ? <span class="quiet">{own.value.notRun}</span> : '–';
}

function columns(): Column<Model>[] {
  const names = own.value.model;
  return [
    { key: 'name', name: names.name, cell: ({ name }) => <code title={name}>{name}</code>, width: '140px' },
    {
      key: 'job',
      name: names.job,
      cell: ({ job }) => own.value.modelJobs[job] ?? job,
      width: '120px',
      minor: true,
    },
    {
      key: 'state',
      name: names.state,
      cell: ({ loaded }) => (
        <span class={loaded ? 'state running' : 'state stopped'}>
          <StateShape state={loaded ? 'running' : 'stopped'} />
          {loaded ? own.value.loaded : own.value.notLoaded}
        </span>
      ),
      width: '120px',
    },
    {
      key: 'device',
      name: names.device,
      cell: ({ device }) => device?.toUpperCase() ?? '–',
      width: '72px',
      minor: true,
    },
    {
      key: 'speed',
      name: names.speed,
      cell: speedOf,
      isNumber: true,
      width: '104px',
    },
    { key: 'licence', name: names.licence, cell: ({ licence }) => licence, width: '104px', minor: true },
    {
      key: 'description',
      name: names.description,
      cell: ({ description }) => <span title={fromServer(description)}>{fromServer(description)}</span>,
      minor: true,
    },
  ];
}
