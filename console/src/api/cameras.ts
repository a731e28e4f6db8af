// Cameras, the running shift and the session: what every page needs.

import { all, BASE, cameraPath, json, request } from './http';

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
  /** Mean time from a frame's arrival to its record. */
  latency_ms: number;
  /** Since the server started. */
  lines: { name: string; entries: number; exits: number }[];
  zones: { name: string; people: number }[];
}

/** `[x, y]`, 0..1 of the picture, origin top left. */
export type Point = readonly [number, number];

/** `in` is a crossing from left to right of it, looking from `from` to `to`. */
export interface Line {
  name: string;
  from: Point;
  to: Point;
  /** Whoever crosses it inwards comes into the branch. */
  entrance: boolean;
}

export interface Zone {
  name: string;
  corners: readonly Point[];
  /** More people than this, and stays longer than this, are told as events; absent: never. */
  max_people?: number;
  dwell_s?: number;
}

export type ParameterValue = boolean | number | string;

export interface Camera {
  id: string;
  branch_id: number;
  sector_id: number | null;
  name: string;
  pipeline: string;
  /** Secrets are shown as `***`; sent back so, they stay what they are. */
  parameters: Record<string, ParameterValue>;
  lines: Line[];
  zones: Zone[];
  enabled: boolean;
  /** `file`: it is changed in the configuration file only. */
  managed_by: 'file' | 'api';
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
  tenant_id: number;
  /** Empty: all branches of the tenant. */
  branch_ids: number[];
  roles: string[];
  /** What the roles allow. */
  may: string[];
  version: string;
}

export const cameraUrl = (id: string) => BASE + cameraPath(id);

/** The heights a server makes pictures in besides the camera's own, lines. */
const HEIGHTS = [180, 360, 540, 720];

/** Nobody sees that a picture has a tenth fewer lines than the screen, and the next height costs twice as much. */
const ENOUGH = 0.9;

/** Which of a camera's pictures is asked for; all who ask for the same share an encode. */
export interface View {
  /** With boxes drawn on it by the server. */
  drawn: boolean;
  /** Lines of the screen that it fills at most; absent: as large as the camera has it. */
  lines?: number | undefined;
}

/** About as large as it is shown: a picture is made small once, by the server, and not by each who watches a wall of them. */
export function viewQuery({ drawn, lines }: View): string {
  const height = lines && HEIGHTS.find((height) => height >= ENOUGH * lines);
  return `?overlay=${drawn}${height ? `&height=${height}` : ''}`;
}

/** All cameras this caller may see; a wall shows them all. */
export const listCameras = () => all<Camera>('/cameras');

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
  return (await request(`${cameraUrl(id)}/snapshot.jpg${viewQuery({ drawn })}`)).blob();
}
