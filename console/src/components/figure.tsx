// A number that is allowed to move: it ticks when it changes, since that shows that something happened.

import { words } from '../i18n';

export function Figure({ value }: { value: number }) {
  return (
    <b class="figure tick" key={value}>
      {words.value.number(value)}
    </b>
  );
}
