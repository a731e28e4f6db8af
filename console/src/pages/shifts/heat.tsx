// Where people stood before a camera, over what it shows now.

import { useEffect, useMemo } from 'preact/hooks';
import { snapshot } from '../../api';
import { type Comparison, heatmap } from '../../api/shifts';
import { Show, useAsked } from '../../components/asked';
import { cameras } from '../../data/feed';
import { words } from '../../i18n';
import { replace } from '../../routes';
import { Block } from './block';
import { cameraName } from './facts';
import { useCameras } from './head';
import { addressOf, type Choice, shiftTitle, type View } from './view';
import { say } from './words';

const EVERY_MS = 60_000;

export function HeatBlock({ view, choice }: { view: View; choice: Choice }) {
  const all = useCameras(view);
  const counted = view.first.summary.visits_by_camera;
  // Without a choice: the camera that the page is about, else the one with the most visits.
  const most = counted.reduce((best, each) => (each.visits > best.visits ? each : best), {
    camera: '',
    visits: 0,
  });
  const wanted = view.scope.camera ?? choice.heat ?? (most.camera || all[0]?.id);
  if (!wanted) {
    return (
      <Block title={say.value.heat} view={view}>
        <p class="quiet">{say.value.noHeat}</p>
      </Block>
    );
  }
  return (
    <Block title={say.value.heat} view={view}>
      {view.scope.camera === undefined && all.length > 1 && (
        <label class="heat-camera">
          {say.value.camera}
          <select onChange={(event) => replace(addressOf({ ...choice, heat: event.currentTarget.value }))}>
            {all.map(({ id, name }) => (
              <option key={id} value={id} selected={id === wanted}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <div class="heats">
        <Heat view={view} of={view.first} camera={wanted} />
        {view.second && <Heat view={view} of={view.second} camera={wanted} />}
      </div>
    </Block>
  );
}

interface Pictures {
  ground: Blob | undefined;
  heat: Blob;
}

function Heat({ view, of, camera }: { view: View; of: Comparison; camera: string }) {
  const { shift } = of.summary;
  const known = cameras.value?.find(({ id }) => id === camera);
  const runs = known?.status.state === 'running';
  const asked = useAsked<Pictures>(
    async (signal) => {
      // A camera that has just gone has no picture; its heat is there all the same.
      const ground = runs ? await snapshot(camera, false).catch(() => undefined) : undefined;
      return { ground, heat: await heatmap(camera, shift.id, ground ? 'none' : 'plain', signal) };
    },
    [camera, shift.id, runs],
    of.running ? EVERY_MS : undefined,
  );
  if (cameras.value && !known) return <p class="quiet">{say.value.heatGone}</p>;
  const title = shiftTitle(shift, view.branch.time_zone);
  return (
    <figure class="heat">
      <Show of={asked} skeleton={<div class="heat-room" role="status" aria-label={words.value.loading} />}>
        {({ ground, heat }) => (
          <>
            <Layers ground={ground} heat={heat} label={say.value.heatOf(cameraName(camera), title)} />
            <figcaption class="quiet footnote">
              {view.second && `${title}. `}
              {ground ? say.value.heatNote : say.value.heatAlone}
            </figcaption>
          </>
        )}
      </Show>
    </figure>
  );
}

function Layers({ ground, heat, label }: Pictures & { label: string }) {
  const over = useUrl(heat);
  const below = useUrl(ground);
  return (
    <div class="layers" role="img" aria-label={label}>
      {below && <img src={below} alt="" />}
      {over && <img src={over} alt="" class={below ? 'over' : ''} />}
    </div>
  );
}

/** An address for a picture that is in memory, for as long as it is shown. */
function useUrl(blob: Blob | undefined): string | undefined {
  const url = useMemo(() => blob && URL.createObjectURL(blob), [blob]);
  // A moment later than the next picture takes its place, so that none is missing in between.
  useEffect(
    () => () => {
      if (url) setTimeout(() => URL.revokeObjectURL(url), 5000);
    },
    [url],
  );
  return url;
}
