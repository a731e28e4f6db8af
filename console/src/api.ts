// The server's JSON as types, and one function for each thing the console asks of it.

export type CameraStateName = 'connecting' | 'running' | 'lost' | 'stopped' | 'failed';

export interface CameraStatus {
  state: CameraStateName;
  /** RFC 3339; null while stopped. */
  since: string | null;
  /** Why it is lost or failed, in the server's words. */
  reason: string | null;
  /** When a lost camera is tried again. */
  next_try: string | null;
  /** Frames a second over the last few seconds. */
  fps_in: number;
  fps_analysed: number;
  frames_dropped: number;
  /** Mean of one inference over the last few seconds. */
  inference_ms: number;
  reconnects: number;
  last_error: string | null;
  /** Size of the picture; 0 before the first frame. */
  width: number;
  height: number;
  /** People in the newest frame. */
  people_now: number;
  /** Who watches now. */
  viewers: number;
}

export interface Camera {
  id: string;
  branch_id: number;
  name: string;
  pipeline: string;
  enabled: boolean;
  status: CameraStatus;
}

/** Figures of one branch's shift. */
export interface Summary {
  shift: { name: string; start: string; end: string };
  visits: number;
  /** Cameras without visits are not listed. */
  visits_by_camera: { camera: string; visits: number }[];
}

export interface Session {
  /** Who the token was issued to. */
  subject: string;
  roles: string[];
  /** What the roles allow. */
  may: string[];
  version: string;
}

interface List<T> {
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
}

const BASE = '/api/v1';

/** Longer than any healthy answer takes, shorter than a person waits. */
const TIMEOUT_MS = 5000;

/** How far the server's clock is ahead of this one, ms; its `Date` has a resolution of a second. */
let skewMs = 0;

/** The server's clock: what "next try in 3 s" counts against. */
export function serverNow(): number {
  return Date.now() + skewMs;
}

export const cameraUrl = (id: string) => `${BASE}/cameras/${encodeURIComponent(id)}`;
export const overlayQuery = (drawn: boolean) => `?overlay=${drawn}`;

/** A request with this console's time limit and errors. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const stop = init.signal ? either(init.signal, limit) : limit;
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init, signal: stop });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiError(0, String(cause));
  }
  noteDate(response.headers.get('date'));
  if (!response.ok) throw new ApiError(response.status, await explanation(response));
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

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await request(BASE + path, init)).json()) as T;
}

/** All cameras this caller may see; a wall shows them all, so pages are joined. */
export async function listCameras(): Promise<Camera[]> {
  const cameras: Camera[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor ? `?cursor=${encodeURIComponent(cursor)}` : '';
    const page: List<Camera> = await json(`/cameras${query}`);
    cameras.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return cameras;
}

export const currentSummary = (branch: number) =>
  json<Summary>(`/shifts/current/summary?branch_id=${branch}`);
export const session = () => json<Session>('/session');

export async function signOut(): Promise<void> {
  await request('/logout', { method: 'POST' });
}

export async function startCamera(id: string): Promise<void> {
  await request(`${cameraUrl(id)}/start`, { method: 'POST' });
}

export async function restartCamera(id: string): Promise<void> {
  await request(`${cameraUrl(id)}/restart`, { method: 'POST' });
}

export async function snapshot(id: string, drawn: boolean): Promise<Blob> {
  return (await request(`${cameraUrl(id)}/snapshot.jpg${overlayQuery(drawn)}`)).blob();
}
