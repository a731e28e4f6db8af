// How a camera that is published to gets its pictures: nobody fetches them.

import type { Camera } from '../api';
import { words } from '../i18n';

/** Whether it waits for somebody who sends it pictures. */
export const isFed = ({ pipeline }: Camera): boolean => pipeline === 'whip';

/** The page that sends them, to be opened where the device is. */
export const feedAddress = (id: string, base: string): string =>
  new URL(`totem?totem=${encodeURIComponent(id)}`, base).href;

export function FeedNote({ camera }: { camera: Camera }) {
  const { state } = camera.status;
  if (!isFed(camera) || (state !== 'connecting' && state !== 'lost')) return null;
  const address = feedAddress(camera.id, document.baseURI);
  return (
    <p class="feed-note">
      {words.value.feedHelp}{' '}
      <a href={address} target="_blank" rel="noreferrer">
        {address}
      </a>
    </p>
  );
}
