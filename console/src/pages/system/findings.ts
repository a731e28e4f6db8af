// What the check of a description found, by the line it is about. Pure.

import type { Finding } from '../../api/system';

/** Reasons by line, from 1; 0 has those that are about no line, or about one that is not there. */
export function byLine(findings: readonly Finding[], lines: number): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const { line, reason } of findings) {
    const at = line !== null && line <= lines ? line : 0;
    found.set(at, [...(found.get(at) ?? []), reason]);
  }
  return found;
}

/** Where a line begins and ends in a text. */
export function spanOf(text: string, line: number): [number, number] {
  const lines = text.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  return [start, start + (lines[line - 1]?.length ?? 0)];
}

/** Whether a text is a model's manifest, which has its weights' checksum or decoder and no launch text. */
export function isModelManifest(text: string): boolean {
  return /^\s*(sha256|decoder)\s*=/m.test(text) && !/^\s*launch\s*=/m.test(text);
}
