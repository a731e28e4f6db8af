// One camera: what it is made of, what can be changed, what it saw lately; and how new ones are found.

import type { Camera, ParameterValue } from './cameras';
import { BASE, cameraPath, change, json, query, request, type Tagged, tagged } from './http';

/** What is absent stays; of `parameters` null takes one back to its default. */
export interface CameraPatch {
  name?: string;
  branch_id?: number;
  sector_id?: number | null;
  enabled?: boolean;
  parameters?: Record<string, ParameterValue | null>;
  lines?: Camera['lines'];
  zones?: Camera['zones'];
}

export interface CameraEntry {
  id: string;
  name: string;
  pipeline: string;
  parameters: Record<string, ParameterValue>;
  branch_id?: number;
  sector_id?: number;
}

/** A stream of a device. */
export interface Profile {
  name: string;
  width: number | null;
  height: number | null;
  fps: number | null;
  codec: string | null;
  stream_url: string | null;
}

/** A device that answered a search. */
export interface Found {
  address: string;
  name: string;
  manufacturer: string | null;
  model: string | null;
  found_by: string;
  profiles: Profile[];
  needs_credentials: boolean;
  note: string | null;
  known_as: string | null;
  /** A camera as it can be created; null when no stream is known. */
  entry: CameraEntry | null;
}

export interface Discovery {
  cameras: Found[];
  /** False: the time was over before everybody was asked. */
  complete: boolean;
}

export interface Search {
  hosts?: string[];
  user?: string;
  password?: string;
  /** Where RTSP is looked for; absent: where it usually is. */
  rtsp_ports?: number[];
  timeout_s?: number;
}

export const getCamera = (id: string, signal?: AbortSignal): Promise<Tagged<Camera>> =>
  tagged<Camera>(cameraPath(id), signal ? { signal } : {});

export const patchCamera = (id: string, patch: CameraPatch, etag?: string): Promise<Tagged<Camera>> =>
  tagged<Camera>(cameraPath(id), change('PATCH', patch, etag));

export const createCamera = (entry: CameraEntry): Promise<Camera> =>
  json<Camera>('/cameras', change('POST', entry));

/** `keepalive`: it goes through even while the page unloads. */
export const deleteCamera = (id: string, keepalive = false): Promise<Response> =>
  request(BASE + cameraPath(id), { ...change('DELETE'), keepalive });

export const stopCamera = (id: string): Promise<Response> =>
  request(`${BASE}${cameraPath(id)}/stop`, { method: 'POST' });

/** Takes as long as the search does, which the server bounds. */
export const discover = (search: Search, withinMs: number, signal?: AbortSignal): Promise<Discovery> =>
  json<Discovery>('/discover', { ...change('POST', search), ...(signal ? { signal } : {}) }, withinMs);

export type Measure = 'visits' | 'entries' | 'exits';

interface Series {
  total: number;
  points: { start: string; count: number }[];
}

interface Occupancy {
  points: { start: string; min: number; mean: number; max: number }[];
}

/** The most people of the minutes from `start` on, and the first minute of them; undefined: there was nobody. */
export function peakSince({ points }: Occupancy, start: string): { people: number; at: string } | undefined {
  const since = points.filter((point) => Date.parse(point.start) >= Date.parse(start));
  const people = Math.max(0, ...since.map(({ max }) => max));
  const first = since.find(({ max }) => people > 0 && max === people);
  return first && { people, at: first.start };
}

/** What a camera saw in the running hour of its branch's clock. */
export interface Hour {
  /** RFC 3339 with the branch's offset. */
  start: string;
  visits: number;
  entries: number;
  exits: number;
  /** By the minute; of the last sixty of them. */
  occupancy: Occupancy;
}

/** @param now the server's clock, ms: a step is asked for by a time that lies in it */
export async function thisHour(camera: Camera, now: number, signal?: AbortSignal): Promise<Hour> {
  const from = new Date(now - 1000).toISOString();
  const init = signal ? { signal } : {};
  const of = { camera: camera.id, branch_id: camera.branch_id, step: 'hour', from };
  const count = (measure: Measure) => json<Series>(`/series${query({ ...of, measure })}`, init);
  const hourAgo = new Date(now - 3_600_000).toISOString();
  const [visits, entries, exits, occupancy] = await Promise.all([
    count('visits'),
    count('entries'),
    count('exits'),
    json<Occupancy>(`${cameraPath(camera.id)}/occupancy${query({ from: hourAgo, step: 60 })}`, init),
  ]);
  const start = visits.points[0]?.start ?? from;
  return { start, visits: visits.total, entries: entries.total, exits: exits.total, occupancy };
}
