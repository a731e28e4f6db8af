// What a new camera is: its source with the parameters of its pipeline, and its place.

import { useState } from 'preact/hooks';
import type { Camera } from '../../api';
import { type CameraEntry, createCamera } from '../../api/camera';
import { getPipeline, listPipelines, type Pipeline } from '../../api/pipelines';
import { Show, Skeleton, said, useAsked } from '../../components/asked';
import { SelectField, TextField } from '../../components/form';
import { oneBranch } from '../../data/branches';
import { cameras, refresh } from '../../data/feed';
import { fromServer } from '../../i18n/server';
import { ParameterFields } from '../camera/parameter-fields';
import { changedParameters, freeId, ofGroup, type Typed, wrongWith } from '../camera/parameters';
import { PlaceFields } from '../camera/place-fields';
import { addWords } from './words';

/** What stands in the form. */
export interface Draft {
  /** Empty: made from the name. */
  id: string;
  name: string;
  pipeline: string;
  typed: Typed;
  branch: number | undefined;
  sector: number | undefined;
}

export const EMPTY: Draft = {
  id: '',
  name: '',
  pipeline: 'rtsp',
  typed: {},
  branch: undefined,
  sector: undefined,
};

interface DescribeProps {
  draft: Draft;
  onAdded: (camera: Camera, draft: Draft) => void;
}

export function Describe({ draft: begun, onAdded }: DescribeProps) {
  const words = addWords.value;
  const [draft, setDraft] = useState(begun);
  const pipelines = useAsked(() => listPipelines(), []);
  const pipeline = useAsked(() => getPipeline(draft.pipeline), [draft.pipeline]);
  const put = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }));
  const names = pipelines.value ?? [{ name: draft.pipeline, description: '' }];
  return (
    <div class="add-form">
      <SelectField
        label={words.pipeline}
        value={draft.pipeline}
        onValue={(name) => put({ pipeline: name, typed: {} })}
        options={names.map(({ name, description }) => ({
          value: name,
          name: words.pipelines[name] ?? `${name}: ${fromServer(description)}`,
        }))}
      />
      <Show of={pipeline} skeleton={<Skeleton lines={4} />}>
        {(known) =>
          known.name === draft.pipeline && (
            <Form key={known.name} pipeline={known} draft={draft} put={put} onAdded={onAdded} />
          )
        }
      </Show>
    </div>
  );
}

interface FormProps {
  pipeline: Pipeline;
  draft: Draft;
  put: (change: Partial<Draft>) => void;
  onAdded: (camera: Camera, draft: Draft) => void;
}

function Form({ pipeline, draft, put, onAdded }: FormProps) {
  const words = addWords.value;
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string>();
  const { parameters } = pipeline;
  const source = ofGroup(parameters, 'source');
  const rest = parameters.filter((parameter) => !source.includes(parameter) && parameter.name !== 'mask');
  const id = idOf(draft);
  const isWrong =
    draft.name.trim() === '' ||
    idFlaw(id) !== undefined ||
    parameters.some((parameter) => wrongWith(parameter, draft.typed[parameter.name] ?? ''));
  const onTyped = (name: string, text: string) => put({ typed: { ...draft.typed, [name]: text } });
  const add = async () => {
    setBusy(true);
    setRefused(undefined);
    try {
      const camera = await createCamera(entryOf(draft, id, pipeline));
      refresh();
      onAdded(camera, draft);
    } catch (error) {
      setRefused(said(error));
      setBusy(false);
    }
  };
  return (
    <form
      class="add-form"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <ParameterFields parameters={source} typed={draft.typed} onTyped={onTyped} isNew />
      <Place draft={draft} id={id} put={put} />
      {rest.length > 0 && (
        <details>
          <summary>{words.moreParameters}</summary>
          <ParameterFields parameters={rest} typed={draft.typed} onTyped={onTyped} isNew />
        </details>
      )}
      {refused && (
        <p class="error" role="alert">
          {words.refused(refused)}
        </p>
      )}
      <div class="buttons">
        <button type="submit" class="button first" disabled={busy || isWrong}>
          {busy ? words.adding : words.check}
        </button>
      </div>
    </form>
  );
}

const taken = () => (cameras.value ?? []).map(({ id }) => id);

/** The one that was typed, else one made of the name. */
const idOf = ({ id, name }: Draft): string => id || freeId(name, taken());

function idFlaw(id: string): string | undefined {
  const words = addWords.value;
  if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(id)) return words.idWrong;
  return taken().includes(id) ? words.idTaken : undefined;
}

const branchOf = (draft: Draft): number => draft.branch ?? oneBranch.value?.id ?? 1;

function entryOf(draft: Draft, id: string, { parameters }: Pipeline): CameraEntry {
  const given = Object.entries(changedParameters(parameters, {}, draft.typed));
  const values = given.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  return {
    id,
    name: draft.name.trim(),
    pipeline: draft.pipeline,
    parameters: Object.fromEntries(values),
    branch_id: branchOf(draft),
    ...(draft.sector === undefined ? {} : { sector_id: draft.sector }),
  };
}

interface PlaceProps {
  draft: Draft;
  id: string;
  put: (change: Partial<Draft>) => void;
}

function Place({ draft, id, put }: PlaceProps) {
  const words = addWords.value;
  const flaw = draft.name.trim() === '' && draft.id === '' ? undefined : idFlaw(id);
  return (
    <div class="fields">
      <TextField
        label={words.name}
        hint={words.nameHint}
        value={draft.name}
        onValue={(name) => put({ name })}
        required
      />
      <TextField
        label={words.id}
        hint={words.idHint}
        error={flaw}
        value={draft.name.trim() === '' ? draft.id : id}
        onValue={(next) => put({ id: next })}
      />
      <PlaceFields
        branch_id={branchOf(draft)}
        sector_id={draft.sector ?? null}
        onPlace={({ branch_id: branch, sector_id }) => put({ branch, sector: sector_id ?? undefined })}
      />
    </div>
  );
}
