// What the reader may, and what is said in place of what they may not.

import type { ComponentChildren } from 'preact';
import { StateShape } from '../../components/icons';
import { may, session } from '../../data/feed';
import { words } from '../../i18n';
import { own } from './words';

interface OnlyProps {
  /** A permission, as the session names it. */
  action: string;
  /** What it comes to here, where that is not the permission's own name. */
  said?: string;
  children: ComponentChildren;
}

/** Its children for those who may, a sentence for those who may not: they need not wonder where it is. */
export function Only({ action, said, children }: OnlyProps) {
  if (may(action)) return <>{children}</>;
  const roles = session.value?.roles.map((role) => words.value.roles[role] ?? role).join(', ') ?? '';
  return (
    <p class="denied" data-denied={action}>
      <StateShape state="stopped" />
      {own.value.denied(said ?? own.value.actions[action] ?? action, roles)}
    </p>
  );
}
