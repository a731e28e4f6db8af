// To be built.

import { words } from '../i18n';

export function Page() {
  return <h1>{words.value.pages.shifts}</h1>;
}
