// The browser's history as far as addresses behind `#` go: import it before what reads the address.

const entries = ['#/'];
let at = 0;
let told: (() => void) | undefined;

const location = {
  get hash() {
    return entries[at] ?? '';
  },
  replace(address: string) {
    entries[at] = address;
    told?.();
  },
};

const history = {
  get length() {
    return entries.length;
  },
  back() {
    at -= 1;
    told?.();
  },
  pushState(_state: null, _title: string, address: string) {
    at += 1;
    entries.splice(at, entries.length, address);
  },
};

/** A link to an address is clicked. */
export function click(address: string): void {
  history.pushState(null, '', address);
  told?.();
}

export const back = (): void => history.back();

/** All addresses, up to the one that is shown. */
export const past = (): string[] => entries.slice(0, at + 1);

Object.assign(globalThis, {
  window: {
    location,
    history,
    addEventListener: (_type: string, listener: () => void) => {
      told = listener;
    },
  },
});
