// How long each visit of a shift lasted, read from its rows: the server tells only their median.

import { request } from '../../api';
import { type Scope, shiftRows } from '../../api/shifts';

/** More rows than these change nothing in a shape, and cost a phone its patience. */
export const MOST_ROWS = 20_000;

/** A file that takes longer than this is not for a chart. */
const WITHIN_MS = 30_000;

/** Of the visits that are over, the first at first, in seconds. */
export async function lengthsOf(shift: number, scope: Scope, signal: AbortSignal): Promise<number[]> {
  const path = shiftRows(shift, 'visits', 'ndjson', { ...scope, open: false });
  const response = await request(path, { signal }, WITHIN_MS);
  const lengths: number[] = [];
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  while (reader && lengths.length < MOST_ROWS) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) lengths.push((JSON.parse(line) as { dwell_ms: number }).dwell_ms / 1000);
  }
  await reader?.cancel();
  return lengths;
}
