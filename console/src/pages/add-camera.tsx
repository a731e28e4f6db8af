// A new camera: found on the network or described by hand, and looked at before it is done.

import { useState } from 'preact/hooks';
import { ApiError, type Camera } from '../api';
import { type CameraEntry, deleteCamera } from '../api/camera';
import { Dialog } from '../components/dialog';
import { Choice } from '../components/form';
import { attempt, tell } from '../components/toast';
import { may, refresh, session } from '../data/feed';
import { words as common } from '../i18n';
import { href, replace, route } from '../routes';
import { Check } from './add-camera/check';
import { Describe, type Draft, EMPTY } from './add-camera/describe';
import { Find } from './add-camera/find';
import { addWords } from './add-camera/words';

/** Which way the address names; undefined: nobody adds a camera. */
export const wayToAdd = (): Way | undefined => WAYS.find((way) => way === route.value.query.get('add'));

const WAYS = ['find', 'hand'] as const;

type Way = (typeof WAYS)[number];

type Step =
  | { kind: 'start' }
  /** A found one, or one that was tried and is to be changed. */
  | { kind: 'describe'; draft: Draft }
  | { kind: 'check'; camera: Camera; draft: Draft };

export function Page() {
  return session.value && !may('configure cameras') ? <MayNot /> : <Adding />;
}

/** Whoever came by its address sees why they cannot. */
function MayNot() {
  const roles = session.value?.roles.map((role) => common.value.roles[role] ?? role).join(', ') ?? '';
  return (
    <Dialog title={common.value.addCamera} onClose={() => replace(href('live'))}>
      <p data-denied="configure cameras">{addWords.value.mayNot(roles)}</p>
    </Dialog>
  );
}

function Adding() {
  const words = addWords.value;
  const [step, setStep] = useState<Step>({ kind: 'start' });
  const way = wayToAdd() ?? 'find';
  const close = () => {
    replace(href('live'));
    // Whoever closes the window keeps what was added; it is told, with the way back.
    if (step.kind !== 'check') return;
    const { id, name } = step.camera;
    tell(words.added(name), async () => {
      await deleteCamera(id);
      refresh();
    });
  };
  const change = async (camera: Camera, draft: Draft) => {
    const remove = () => deleteCamera(camera.id).catch(unlessGone);
    if (await attempt(remove)) setStep({ kind: 'describe', draft });
    refresh();
  };
  return (
    <Dialog title={common.value.addCamera} onClose={close} wide={step.kind === 'check'}>
      {step.kind === 'start' && (
        <div class="add-ways">
          <Choice
            label={words.way}
            value={way}
            onValue={(next) => replace(href('live', [], { add: next }))}
            options={WAYS.map((value) => ({ value, name: words.ways[value] }))}
          />
          {way === 'find' && <Find onUse={(entry) => setStep({ kind: 'describe', draft: draftOf(entry) })} />}
        </div>
      )}
      {(step.kind === 'describe' || (step.kind === 'start' && way === 'hand')) && (
        <Describe
          draft={step.kind === 'describe' ? step.draft : EMPTY}
          onAdded={(camera, draft) => setStep({ kind: 'check', camera, draft })}
        />
      )}
      {step.kind === 'check' && (
        <Check
          camera={step.camera}
          onChange={() => void change(step.camera, step.draft)}
          onDone={(next) => replace(next)}
        />
      )}
    </Dialog>
  );
}

/** Somebody else may have deleted it meanwhile. */
function unlessGone(error: unknown): void {
  if (!(error instanceof ApiError && error.gone)) throw error;
}

/** Its id is made of the name, which a person chooses better than a device does. */
const draftOf = ({ name, pipeline, parameters }: CameraEntry): Draft => ({
  ...EMPTY,
  name,
  pipeline,
  typed: Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, String(value)])),
});
