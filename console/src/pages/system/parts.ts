// The parts of this page, in the order of its list; each has its address: `#/system/tokens`.

export const PARTS = ['health', 'models', 'pipelines', 'check', 'jobs', 'tokens', 'audit', 'about'] as const;

export type Part = (typeof PARTS)[number];

/** The part that an address names; how the server does, if it names none. */
export function partOf(rest: readonly string[]): Part {
  return PARTS.find((part) => part === rest[0]) ?? 'health';
}
