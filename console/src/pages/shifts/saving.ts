// Rows on their way from the server into a file: how far they are, and a way to stop them.
//
// Where the browser lets a page write files they go there as they come, so that a file may be larger than memory;
// elsewhere they are gathered first. A file that was broken off is never left behind as if it were whole.

import { signal } from '@preact/signals';
import { ApiError, request } from '../../api';
import type { RowFormat } from '../../api/shifts';
import { save } from '../../components/actions';

export interface Save {
  id: number;
  name: string;
  rows: number;
  bytes: number;
  /** About how many rows there are, where that is known. */
  expected: number | undefined;
  state: 'running' | 'saved' | 'stopped' | 'failed';
  /** Why it failed. */
  why?: 'broken off' | 'stalled' | ApiError;
  stop: () => void;
}

export const saves = signal<readonly Save[]>([]);

/** Nothing for so long: the server or what is between is gone without a word. */
const STALLED_MS = 30_000;
/** Longer than any file takes. */
const WITHIN_MS = 24 * 3_600_000;
/** Figures that change more often than this cannot be read. */
const TELL_EVERY_MS = 150;

let last = 0;

export function dismiss(id: number): void {
  saves.value = saves.value.filter((each) => each.id !== id);
}

/** Asks where to, if the browser can, then saves. It has to be called by a person's click. */
export async function startSave(
  path: string,
  name: string,
  format: RowFormat,
  expected?: number,
): Promise<void> {
  const sink = await openSink(name, format);
  if (!sink) return;
  last += 1;
  const id = last;
  const stop = new AbortController();
  saves.value = [
    ...saves.value,
    { id, name, rows: 0, bytes: 0, expected, state: 'running', stop: () => stop.abort() },
  ];
  const tell = (change: Partial<Save>) => {
    saves.value = saves.value.map((each) => (each.id === id ? { ...each, ...change } : each));
  };
  try {
    await pour(path, sink, stop, format, tell);
    await sink.close();
    tell({ state: 'saved' });
  } catch (cause) {
    await sink.abort();
    if (stop.signal.aborted && stop.signal.reason !== STALLED) tell({ state: 'stopped' });
    else tell({ state: 'failed', why: whyOf(cause, stop.signal) });
  }
}

const STALLED = new Error('stalled');

function whyOf(cause: unknown, stop: AbortSignal): NonNullable<Save['why']> {
  if (stop.reason === STALLED) return 'stalled';
  return cause instanceof ApiError ? cause : 'broken off';
}

async function pour(
  path: string,
  sink: Sink,
  stop: AbortController,
  format: RowFormat,
  tell: (change: Partial<Save>) => void,
): Promise<void> {
  let alarm = setTimeout(() => stop.abort(STALLED), STALLED_MS);
  try {
    const response = await request(path, { signal: stop.signal }, WITHIN_MS);
    const reader = response.body?.getReader();
    let bytes = 0;
    // The first line of a CSV names the columns.
    let rows = format === 'csv' ? -1 : 0;
    let toldAt = 0;
    while (reader) {
      clearTimeout(alarm);
      alarm = setTimeout(() => stop.abort(STALLED), STALLED_MS);
      const { done, value } = await reader.read();
      if (done) break;
      clearTimeout(alarm);
      await sink.write(value);
      bytes += value.length;
      rows += lineEnds(value);
      if (Date.now() - toldAt > TELL_EVERY_MS) {
        toldAt = Date.now();
        tell({ bytes, rows: Math.max(0, rows) });
      }
    }
    tell({ bytes, rows: Math.max(0, rows) });
  } finally {
    clearTimeout(alarm);
  }
}

/** A row is a line: the server takes no text that has a line's end in it. */
export function lineEnds(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}

interface Sink {
  write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  close: () => Promise<void>;
  /** Leaves nothing behind. */
  abort: () => Promise<void>;
}

/** Not known to TypeScript's list of what browsers have. */
type Picker = (options: {
  suggestedName: string;
  types: { accept: Record<string, string[]> }[];
}) => Promise<FileSystemFileHandle & { remove?: () => Promise<void> }>;

const TYPES = { csv: 'text/csv', ndjson: 'application/x-ndjson' } as const;

async function openSink(name: string, format: RowFormat): Promise<Sink | undefined> {
  const { showSaveFilePicker: pick } = window as { showSaveFilePicker?: Picker };
  if (!pick) return memorySink(name, format);
  try {
    const types = [{ accept: { [TYPES[format]]: [`.${format}`] } }];
    const file = await pick({ suggestedName: name, types });
    return await fileSink(file);
  } catch (cause) {
    // Whoever closes the question wants no file.
    if (cause instanceof DOMException && cause.name === 'AbortError') return undefined;
    return memorySink(name, format);
  }
}

async function fileSink(file: Awaited<ReturnType<Picker>>): Promise<Sink> {
  const wasEmpty = (await file.getFile()).size === 0;
  // What is written shows in the file only once it is closed.
  const writer = await file.createWritable();
  return {
    write: (bytes) => writer.write(bytes),
    close: () => writer.close(),
    abort: async () => {
      await writer.abort().catch(() => undefined);
      if (wasEmpty) await file.remove?.().catch(() => undefined);
    },
  };
}

function memorySink(name: string, format: RowFormat): Sink {
  let chunks: Uint8Array<ArrayBuffer>[] = [];
  return {
    write: async (bytes) => {
      chunks.push(bytes);
    },
    close: async () => save(new Blob(chunks, { type: TYPES[format] }), name),
    abort: async () => {
      chunks = [];
    },
  };
}
