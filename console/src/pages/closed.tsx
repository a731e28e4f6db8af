// What somebody sees who may not see the cameras, and how to get in.

import { Command } from '../components/command';
import { refresh } from '../data/feed';
import { words } from '../i18n';

export function SignedOut() {
  return (
    <section class="page" data-page="signed-out">
      <h1>{words.value.signedOutTitle}</h1>
      <p>{words.value.signedOut}</p>
      <Command text="atalaya token link" />
      <p class="quiet">{words.value.signedOutNote}</p>
      <TryAgain />
    </section>
  );
}

export function Forbidden({ detail }: { detail: string }) {
  return (
    <section class="page" data-page="forbidden">
      <h1>{words.value.forbiddenTitle}</h1>
      <p>{words.value.forbidden}</p>
      <p class="quiet">{detail}</p>
      <TryAgain />
    </section>
  );
}

function TryAgain() {
  return (
    <button type="button" class="button" onClick={refresh}>
      {words.value.tryAgain}
    </button>
  );
}
