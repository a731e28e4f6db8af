// Every camera's health in a table.

import type { Camera } from '../../api';
import { Skeleton } from '../../components/asked';
import { Choice } from '../../components/form';
import { StateBadge } from '../../components/state';
import { type Column, Table } from '../../components/table';
import { branch } from '../../data/branches';
import { fromServer } from '../../i18n/server';
import { cameraHref, href, replace, route } from '../../routes';
import { own } from './words';

/** Those of the chosen branch, by name: a table whose rows change places cannot be read. */
function shownOf(cameras: readonly Camera[]): Camera[] {
  const chosen = branch.value?.id;
  return cameras
    .filter((camera) => chosen === undefined || camera.branch_id === chosen)
    .sort((one, other) => one.name.localeCompare(other.name) || one.id.localeCompare(other.id));
}

export function CameraTable({ cameras }: { cameras: readonly Camera[] | undefined }) {
  const all = cameras && shownOf(cameras);
  const troubled = all?.filter((camera) => camera.status.state !== 'running') ?? [];
  const isTroubled = route.value.query.get('cameras') === 'troubled';
  const choose = (value: string) =>
    replace(href('system', ['health'], { cameras: value === 'troubled' ? value : undefined }));
  return (
    <section>
      <header class="row">
        <h2>{own.value.camerasTitle}</h2>
        {all && <span class="quiet">{own.value.running(all.length - troubled.length, all.length)}</span>}
        <Choice
          label={own.value.camerasShown}
          value={isTroubled ? 'troubled' : 'all'}
          onValue={choose}
          options={[
            { value: 'all', name: own.value.allCameras },
            { value: 'troubled', name: own.value.troubled },
          ]}
        />
      </header>
      {all ? (
        <Table
          label={own.value.camerasTitle}
          columns={columns()}
          rows={isTroubled ? troubled : all}
          keyOf={({ id }) => id}
          empty={all.length === 0 ? own.value.noCameras : own.value.noneTroubled}
        />
      ) : (
        <Skeleton lines={3} />
      )}
    </section>
  );
}

const NUMBER = { isNumber: true, minor: true, width: '112px' } as const;

function columns(): Column<Camera>[] {
  const names = own.value.columns;
  const figure = (of: (camera: Camera) => number) => (camera: Camera) => own.value.number(of(camera));
  /** A camera that does not run has no such figure: a 0 would be read as one. */
  const live = (of: (camera: Camera) => number) => (camera: Camera) =>
    camera.status.state === 'running' ? own.value.number(of(camera)) : '–';
  return [
    {
      key: 'camera',
      name: names.camera,
      cell: (camera) => (
        <a href={cameraHref(camera.id)} title={camera.name}>
          {camera.name}
        </a>
      ),
    },
    { key: 'state', name: names.state, cell: (camera) => <StateBadge camera={camera} />, width: '168px' },
    { key: 'in', name: names.fpsIn, cell: live(({ status }) => status.fps_in), ...NUMBER },
    {
      key: 'analysed',
      name: names.fpsAnalysed,
      cell: live(({ status }) => status.fps_analysed),
      ...NUMBER,
    },
    {
      key: 'dropped',
      name: names.dropped,
      cell: figure(({ status }) => status.frames_dropped),
      ...NUMBER,
    },
    {
      key: 'inference',
      name: names.inference,
      cell: live(({ status }) => status.inference_ms),
      ...NUMBER,
    },
    {
      key: 'reconnects',
      name: names.reconnects,
      cell: figure(({ status }) => status.reconnects),
      ...NUMBER,
    },
    {
      key: 'viewers',
      name: names.viewers,
      cell: figure(({ status }) => status.viewers),
      ...NUMBER,
    },
    { key: 'error', name: names.lastError, cell: lastError, minor: true },
  ];
}

const lastError = ({ status }: Camera) =>
  status.last_error ? (
    <span title={fromServer(status.last_error)}>{fromServer(status.last_error)}</span>
  ) : (
    <span class="quiet">{own.value.none}</span>
  );
