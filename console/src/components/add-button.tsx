// The way to a new camera, for those who may.

import { may } from '../data/feed';
import { words } from '../i18n';
import { href } from '../routes';

export function AddButton({ first }: { first?: boolean }) {
  if (!may('configure cameras')) return null;
  return (
    <a class={first ? 'button first' : 'button'} href={href('live', [], { add: 'find' })}>
      {words.value.addCamera}
    </a>
  );
}
