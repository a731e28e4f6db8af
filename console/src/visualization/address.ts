// What is chosen on the page stands behind the `#` of its address, so that it can be sent to somebody.

import { signal } from '@preact/signals';

const read = () => new URLSearchParams(window.location.hash.slice(1));

const params = signal(read());
window.addEventListener('hashchange', () => {
  params.value = read();
});

export const chosen = (name: 'totem' | 'type' | 'q'): string => params.value.get(name) ?? '';

/** Without a step in the browser's history; an empty value is left out. */
export function choose(name: 'totem' | 'type' | 'q', value: string): void {
  const next = read();
  if (value) next.set(name, value);
  else next.delete(name);
  const { pathname, search } = window.location;
  const hash = next.toString();
  history.replaceState(null, '', pathname + search + (hash && `#${hash}`));
  params.value = next;
}
