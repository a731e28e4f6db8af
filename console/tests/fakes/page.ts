// As much of a browser as modules ask for when they are loaded: import it before them.

Object.assign(globalThis, {
  window: {
    location: { hash: '' },
    history: { length: 1 },
    addEventListener: () => undefined,
    matchMedia: () => ({ matches: true, addEventListener: () => undefined }),
  },
  document: { documentElement: { dataset: {} }, addEventListener: () => undefined },
});
Object.defineProperty(globalThis, 'navigator', { value: { languages: ['en'] }, configurable: true });
