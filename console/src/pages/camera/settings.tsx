// A camera's settings, in groups of which one is open at a time; the open one is in the address.

import type { ComponentChildren } from 'preact';
import type { Camera } from '../../api';
import type { CameraPatch } from '../../api/camera';
import { getPipeline, type Parameter, type Pipeline } from '../../api/pipelines';
import { listModels } from '../../api/system';
import { type Asked, Show, useAsked } from '../../components/asked';
import { CheckField, TextField } from '../../components/form';
import { may } from '../../data/feed';
import { words as common } from '../../i18n';
import { href, replace, route } from '../../routes';
import type { Tally } from './crossings';
import type { Editor } from './editor';
import { Log } from './log';
import { ParameterFields } from './parameter-fields';
import { changedParameters, type Group, ofGroup, type Typed, typedOf, wrongWith } from './parameters';
import { PlaceFields } from './place-fields';
import { ShapeList } from './shape-list';
import { MASK } from './shapes';
import type { CameraStore } from './store';
import { cameraWords, changesSaid } from './words';

export const GROUPS = ['source', 'analysis', 'shapes', 'privacy', 'advanced', 'log'] as const;

export type OpenGroup = (typeof GROUPS)[number];

/** The group that the address names. */
export const openGroup = (): OpenGroup | undefined =>
  GROUPS.find((group) => group === route.value.query.get('set'));

/** Why this reader cannot change this camera; undefined: they can. */
export function whyFixed(camera: Camera): string | undefined {
  if (camera.managed_by === 'file') return cameraWords.value.byFile;
  if (!may('configure cameras')) return cameraWords.value.mayNot;
  return undefined;
}

interface SettingsProps {
  camera: Camera;
  /** How it runs now; the description is of when it was asked for. */
  status: Camera['status'];
  store: CameraStore;
  editor: Editor;
  test: Test;
}

/** Counting by what is drawn. */
export interface Test {
  /** Since when, ms; undefined: it is off. */
  since: number | undefined;
  tallies: ReadonlyMap<number, Tally>;
  toggle: () => void;
}

export function Settings({ camera, status, store, editor, test }: SettingsProps) {
  const words = cameraWords.value;
  const open = openGroup();
  const pipeline = useAsked(() => getPipeline(camera.pipeline), [camera.pipeline]);
  const fixed = whyFixed(camera);
  const parts: Record<OpenGroup, () => ComponentChildren> = {
    source: () => <Source camera={camera} store={store} pipeline={pipeline} fixed={fixed} />,
    analysis: () => <Analysis {...{ camera, store, pipeline, fixed }} />,
    shapes: () => <ShapeList kinds={['line', 'zone']} {...{ editor, store, fixed, test }} />,
    privacy: () => <Privacy {...{ camera, store, pipeline, fixed, editor, test }} />,
    advanced: () => <Parameters of="advanced" {...{ camera, store, pipeline, fixed }} />,
    log: () => <Log camera={{ ...camera, status }} />,
  };
  return (
    <section class="settings" aria-label={words.settings}>
      <Conflict store={store} />
      {GROUPS.map((group) => (
        <section key={group} class="group">
          <h2>
            <button
              type="button"
              aria-expanded={open === group}
              onClick={() => {
                const set = open === group ? undefined : group;
                replace(href('cameras', [camera.id], { set }));
              }}
            >
              {words.groups[group]}
              {open !== group && isDrafted(store, group) && <span class="quiet">{words.unsaved}</span>}
            </button>
          </h2>
          {open === group && (
            <div class="group-body">
              {fixed && group !== 'log' && <p class="quiet">{fixed}</p>}
              {parts[group]()}
            </div>
          )}
        </section>
      ))}
    </section>
  );
}

/** Whether a closed group holds something that is not saved. */
const isDrafted = ({ drafts }: CameraStore, group: OpenGroup) =>
  drafts.value.has(group) || (group === 'source' && drafts.value.has(PLACE));

/** What somebody else has changed meanwhile, and what to do about it. */
function Conflict({ store }: { store: CameraStore }) {
  const words = cameraWords.value;
  const conflict = store.conflict.value;
  const refused = store.refused.value;
  if (refused) {
    return (
      <p class="trouble" role="alert">
        {words.refused(refused)}
      </p>
    );
  }
  if (!conflict) return null;
  return (
    <div class="conflict" role="alert">
      <p>
        {words.conflict} {changesSaid(conflict.changes)}
      </p>
      <div class="buttons">
        <button type="button" class="button first" onClick={() => void store.giveWay()}>
          {common.value.takeTheirs}
        </button>
        <button type="button" class="button" onClick={() => void store.insist()}>
          {common.value.keepMine}
        </button>
      </div>
    </div>
  );
}

interface PartProps {
  camera: Camera;
  store: CameraStore;
  pipeline: Asked<Pipeline>;
  fixed: string | undefined;
}

/** What is set of analysis; what is empty is as the camera's model says, or the one in use. */
function Analysis(props: PartProps) {
  const models = useAsked(listModels, []);
  const mine = props.camera.parameters.model;
  const model = models.value?.find(({ name, job, loaded }) =>
    mine ? name === mine : loaded && job === 'detector',
  );
  return <Parameters of="analysis" {...props} holds={model ? { threshold: String(model.score) } : {}} />;
}

function Parameters({ of, ...props }: PartProps & { of: Group; holds?: Typed }) {
  return (
    <Show of={props.pipeline}>
      {({ parameters }) => {
        const mine = ofGroup(parameters, of);
        if (mine.length === 0) return <p class="quiet">{cameraWords.value.noParameters}</p>;
        return <ParameterForm form={of} parameters={mine} {...props} />;
      }}
    </Show>
  );
}

interface FormProps extends PartProps {
  /** What is typed is kept under this name. */
  form: Group;
  parameters: readonly Parameter[];
  /** As in {@link ParameterFields}. */
  holds?: Typed;
  /** What of the form above the parameters differs from the camera. */
  patch?: CameraPatch;
  children?: ComponentChildren;
  /** The form above the parameters is as the camera is. */
  onDone?: () => void;
}

function ParameterForm(props: FormProps) {
  const { form, camera, store, parameters, holds = {}, fixed, patch = {}, children, onDone } = props;
  const drafted = store.drafts.value.get(form) as Typed | undefined;
  const typed: Typed = { ...typedOf(parameters, camera.parameters), ...drafted };
  const changed = changedParameters(parameters, camera.parameters, typed);
  const whole = Object.keys(changed).length > 0 ? { ...patch, parameters: changed } : patch;
  const isWrong = parameters.some((parameter) => wrongWith(parameter, typed[parameter.name] ?? ''));
  const type = (name: string, text: string) => {
    const next: Typed = { ...typed, [name]: text };
    const differing = Object.keys(changedParameters(parameters, camera.parameters, next));
    const kept = Object.fromEntries(differing.map((each) => [each, next[each]]));
    store.draft(form, differing.length > 0 ? kept : undefined);
  };
  const done = () => {
    store.draft(form, undefined);
    onDone?.();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void store.save(whole).then((isSaved) => isSaved && done());
      }}
    >
      {children}
      <ParameterFields
        parameters={parameters}
        typed={typed}
        onTyped={type}
        disabled={fixed !== undefined}
        holds={holds}
      />
      {!fixed && (
        <SaveRow store={store} isChanged={Object.keys(whole).length > 0} isWrong={isWrong} onDiscard={done} />
      )}
    </form>
  );
}

interface SaveRowProps {
  store: CameraStore;
  isChanged: boolean;
  isWrong: boolean;
  onDiscard: () => void;
  /** Given when it does not stand in a form. */
  onSave?: () => void;
}

export function SaveRow({ store, isChanged, isWrong, onDiscard, onSave }: SaveRowProps) {
  const words = cameraWords.value;
  return (
    <div class="buttons">
      <button
        type={onSave ? 'button' : 'submit'}
        class="button first"
        disabled={!isChanged || isWrong || store.saving.value}
        onClick={onSave}
      >
        {store.saving.value ? words.saving : common.value.save}
      </button>
      <button type="button" class="button" disabled={!isChanged} onClick={onDiscard}>
        {words.discard}
      </button>
      {isChanged && <span class="quiet">{words.unsaved}</span>}
    </div>
  );
}

/** What the form of the source keeps besides its parameters. */
const PLACE = 'place';

function Source(props: PartProps) {
  return (
    <Show of={props.pipeline}>
      {({ parameters }) => <SourceForm {...props} parameters={ofGroup(parameters, 'source')} />}
    </Show>
  );
}

function SourceForm(props: PartProps & { parameters: readonly Parameter[] }) {
  const words = cameraWords.value;
  const { camera, store, fixed } = props;
  const patch: CameraPatch = store.drafts.value.get(PLACE) ?? {};
  const { name, branch_id: branch, sector_id: sector, enabled } = { ...camera, ...patch };
  const disabled = fixed !== undefined;
  const put = (change: CameraPatch) => {
    const given = Object.entries({ ...patch, ...change });
    const differs = given.filter(([key, value]) => value !== camera[key as keyof Camera]);
    store.draft(PLACE, differs.length > 0 ? Object.fromEntries(differs) : undefined);
  };
  return (
    <ParameterForm form="source" {...props} patch={patch} onDone={() => store.draft(PLACE, undefined)}>
      <div class="fields">
        <TextField
          label={words.name}
          value={name}
          onValue={(name) => put({ name })}
          required
          disabled={disabled}
        />
        <PlaceFields branch_id={branch} sector_id={sector} onPlace={put} disabled={disabled} />
        <CheckField
          label={words.enabled}
          hint={words.enabledHelp}
          checked={enabled}
          onChecked={(enabled) => put({ enabled })}
          disabled={disabled}
        />
      </div>
    </ParameterForm>
  );
}

function Privacy({ editor, test, ...props }: PartProps & { editor: Editor; test: Test }) {
  const words = cameraWords.value;
  return (
    <Show of={props.pipeline}>
      {({ parameters }) => {
        const mine = ofGroup(parameters, 'privacy');
        const fields = mine.filter(({ name }) => name !== MASK);
        if (mine.length === 0) return <p class="quiet">{words.noPrivacy}</p>;
        return (
          <>
            <p class="quiet">{words.privacyNote}</p>
            {fields.length > 0 && <ParameterForm form="privacy" {...props} parameters={fields} />}
            {mine.length > fields.length && <h3>{words.kinds.mask}</h3>}
            {mine.length > fields.length && (
              <ShapeList
                kinds={['mask']}
                editor={editor}
                store={props.store}
                fixed={props.fixed}
                test={test}
              />
            )}
          </>
        );
      }}
    </Show>
  );
}
