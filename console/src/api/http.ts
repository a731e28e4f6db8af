// How the console asks the server: time limits, errors as they are told, pages of lists, versions of things.

export interface List<T> {
  items: T[];
  next_cursor: string | null;
}

/** RFC 9457. */
interface Problem {
  title?: string;
  detail?: string;
}

/** What became of a request that did not give its answer. */
export class ApiError extends Error {
  constructor(
    /** 0: no answer came at all. */
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** Nobody is there, or what is there cannot answer now: asking again may help. */
  get away(): boolean {
    return this.status === 0 || this.status >= 500;
  }

  /** It was deleted, or was never there. */
  get gone(): boolean {
    return this.status === 404;
  }
}

export const BASE = '/api/v1';

/** Longer than any healthy answer takes, shorter than a person waits. */
const TIMEOUT_MS = 5000;

/** How far the server's clock is ahead of this one, ms; its `Date` has a resolution of a second. */
let skewMs = 0;

/** The server's clock: what "next try in 3 s" counts against. */
export function serverNow(): number {
  return Date.now() + skewMs;
}

/** A request with this console's time limit and errors. */
export async function request(
  path: string,
  init: RequestInit = {},
  withinMs = TIMEOUT_MS,
): Promise<Response> {
  const response = await answer(path, init, withinMs);
  if (!response.ok) throw await refusal(response);
  return response;
}

/** What an answer that is none says. */
export async function refusal(response: Response): Promise<ApiError> {
  return new ApiError(response.status, await explanation(response));
}

/** Whatever is answered, also with 503: for what tells by its status how it does, and says more in its body. */
export async function answer(path: string, init: RequestInit = {}, withinMs = TIMEOUT_MS): Promise<Response> {
  const limit = AbortSignal.timeout(withinMs);
  const stop = init.signal ? either(init.signal, limit) : limit;
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init, signal: stop });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiError(0, String(cause));
  }
  noteDate(response.headers.get('date'));
  return response;
}

/** `AbortSignal.any`, which browsers of early 2023 lack. */
function either(one: AbortSignal, other: AbortSignal): AbortSignal {
  const joint = new AbortController();
  for (const each of [one, other]) {
    if (each.aborted) joint.abort(each.reason);
    each.addEventListener('abort', () => joint.abort(each.reason), { once: true, signal: joint.signal });
  }
  return joint.signal;
}

function noteDate(date: string | null): void {
  const server = date ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(server)) return;
  // The header cuts off the fraction, so half a second is its middle; clocks nearer than that are left alone.
  const ahead = server + 500 - Date.now();
  skewMs = Math.abs(ahead) < 1500 ? 0 : ahead;
}

async function explanation(response: Response): Promise<string> {
  const fallback = `${response.status} ${response.statusText}`.trim();
  try {
    const problem = (await response.json()) as Problem;
    return problem.detail ?? problem.title ?? fallback;
  } catch {
    return fallback;
  }
}

/** The answer's JSON; `path` is below `/api/v1`. */
export async function json<T>(path: string, init?: RequestInit, withinMs?: number): Promise<T> {
  return (await (await request(BASE + path, init, withinMs)).json()) as T;
}

/** Of one camera, below `/api/v1`. */
export const cameraPath = (id: string) => `/cameras/${encodeURIComponent(id)}`;

/** A thing as the server has it, with the tag of this version of it: a change names the version it is made to. */
export interface Tagged<T> {
  value: T;
  etag: string | undefined;
}

export async function tagged<T>(path: string, init?: RequestInit, withinMs?: number): Promise<Tagged<T>> {
  const response = await request(BASE + path, init, withinMs);
  return { value: (await response.json()) as T, etag: response.headers.get('etag') ?? undefined };
}

/** A change: `POST`, `PUT`, `PATCH` or `DELETE`, with its body as JSON and the version it is made to. */
export function change(method: string, body?: unknown, etag?: string): RequestInit {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (etag) headers['if-match'] = etag;
  return { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
}

/** `?a=1&b=x` of what is given; nothing of what is not. */
export function query(of: Record<string, string | number | boolean | undefined>): string {
  const given = Object.entries(of).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}

/** A page of a list: `cursor` is `next_cursor` of the page before. */
export const page = <T>(path: string, of: Record<string, string | number | boolean | undefined> = {}) =>
  json<List<T>>(`${path}${query(of)}`);

/** A whole list, its pages joined: for lists that people can take in. */
export async function all<T>(
  path: string,
  of: Record<string, string | number | boolean | undefined> = {},
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const next: List<T> = await page<T>(path, { ...of, cursor: cursor ?? undefined });
    items.push(...next.items);
    cursor = next.next_cursor;
  } while (cursor);
  return items;
}
