// The last messages, light enough to keep: pictures and sounds are told by their size.

import type { ServerMessage } from '../totem/message';

/** As many as somebody may want to look back at. */
const KEPT = 500;

export interface Entry {
  id: number;
  /** By this device's clock, ms. */
  at: number;
  /** The message's type, or `link` for what became of the connection. */
  type: string;
  totem: string;
  /** The length of the message's text; 0 for what no server said. */
  chars: number;
  /** Everything but pictures. */
  message: unknown;
  /** In one line, to be searched. */
  text: string;
}

export class Journal {
  /** Newest first. */
  entries: readonly Entry[] = [];
  private count = 0;

  take(at: number, message: ServerMessage | { type: 'link' }, chars: number): void {
    const light = JSON.parse(JSON.stringify(message, withoutData));
    this.count += 1;
    const { type, camera: totem = '' } = light;
    const text = JSON.stringify(light);
    const entry = { id: this.count, at, type, totem, chars, message: light, text };
    this.entries = [entry, ...this.entries.slice(0, KEPT - 1)];
  }

  clear(): void {
    this.entries = [];
  }
}

/** Longer than anything that is said in words. */
const DATA_FROM = 1000;

function withoutData(name: string, value: unknown): unknown {
  if (typeof value !== 'string' || value.length < DATA_FROM) return value;
  return name === 'annotated_image' ? `(JPEG, ${Math.round((value.length * 3) / 4)} bytes)` : value;
}

/** Those of a type, or of any when it is empty, whose text has all words of `wanted`. */
export function matching(entries: readonly Entry[], type: string, wanted: string): readonly Entry[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  if (!type && words.length === 0) return entries;
  return entries.filter((entry) => {
    if (type && entry.type !== type) return false;
    const text = entry.text.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
