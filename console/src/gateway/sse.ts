// Server-sent events by `fetch`, which unlike a browser's own `EventSource` can bring a token and tell a refusal.

import type { Ears, Line } from './line';
import { type Positions, TOKEN_EXPIRED } from './protocol';

/** Positions as `id:` has them: `branch:5@a1:7,branch:6@a1:0`. */
export function writeEventId(positions: Positions): string {
  const each = Object.entries(positions).map(([name, { epoch, offset }]) => `${name}@${epoch}:${offset}`);
  return each.join(',');
}

/** Takes lines of `text/event-stream` apart; gives the data of each event that is whole. */
export class SseReader {
  private rest = '';
  private data: string[] = [];

  push(text: string): string[] {
    const lines = (this.rest + text).split(/\r?\n/);
    this.rest = lines.pop() ?? '';
    return lines.flatMap((line) => {
      if (line === '') return this.data.length > 0 ? [this.data.splice(0).join('\n')] : [];
      const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (field === 'data') this.data.push(value);
      return [];
    });
  }
}

/** With what an answer is asked for. */
export interface SseAsk {
  url: URL;
  token: string | undefined;
  /** The token was made for this: when it is not taken, none will be. */
  isTokenNew: boolean;
  /** What was had, by {@link writeEventId}; empty for whoever begins. */
  lastEventId: string;
}

/** Listens. */
export function openSse(
  ask: typeof fetch,
  { url, token, isTokenNew, lastEventId }: SseAsk,
  ears: Ears,
): Line {
  const quit = new AbortController();
  const headers: Record<string, string> = { accept: 'text/event-stream' };
  if (token) headers.authorization = `Bearer ${token}`;
  if (lastEventId) headers['last-event-id'] = lastEventId;
  // A refusal as a WebSocket would have been closed for it.
  const refused = (status: number) => {
    const unauthorized = isTokenNew ? 4401 : TOKEN_EXPIRED;
    ears.over(status === 401 ? unauthorized : status === 403 ? 4403 : 1006, `HTTP ${status}`);
  };
  const read = async () => {
    const response = await ask(url, { headers, cache: 'no-store', signal: quit.signal });
    if (!response.ok || !response.body) return refused(response.status);
    ears.opened();
    const reader = response.body.getReader();
    const [decoder, lines] = [new TextDecoder(), new SseReader()];
    for (;;) {
      const { done, value } = await reader.read();
      if (quit.signal.aborted) return;
      if (done) return ears.over(1006, '');
      ears.heard();
      for (const data of lines.push(decoder.decode(value, { stream: true }))) ears.heard(data);
    }
  };
  read().catch((error) => ears.over(1006, String(error)));
  return { end: () => quit.abort() };
}
