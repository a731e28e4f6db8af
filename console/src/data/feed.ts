// What the server knows, kept fresh: cameras each second, the shifts' figures every two.
//
// One loop for the whole page. When the server goes away the last answer stays, with the time it is from.

import { signal } from '@preact/signals';
import * as api from '../api';
import { Backoff, pause } from '../backoff';
import { branchesOf, keepSizes } from './facts';
import { forgetShifts, freshenShifts } from './shifts';

const CAMERAS_EVERY_MS = 1000;

/** A tab in the background for this long stops asking: nobody looks. */
const HIDDEN_AFTER_MS = 30_000;

/** Without a session nothing changes but by a person. */
const SIGNED_OUT_EVERY_MS = 15_000;

/** How the page stands with the server. */
export type Link =
  | { kind: 'opening' }
  | { kind: 'live' }
  /** What is shown is from `since`; the next try is at `retryAt` (both ms of this machine's clock). */
  | { kind: 'away'; since: number; retryAt: number }
  | { kind: 'signed-out' }
  | { kind: 'forbidden'; detail: string };

export const link = signal<Link>({ kind: 'opening' });
export const cameras = signal<readonly api.Camera[] | undefined>(undefined);
export const session = signal<api.Session | undefined>(undefined);
/** Whether the reader has a permission, by the names of the session. */
export const may = (action: string): boolean => session.value?.may.includes(action) ?? false;

/** This machine's clock, ms, for durations and countdowns that tick. */
export const now = signal(Date.now());

const backoff = new Backoff(1000, 5000);
let lastAnswerAt = Date.now();
let wake: () => void = () => undefined;

/** Asks again at once: after signing in, or when a person presses "try again". */
export function refresh(): void {
  wake();
}

/** Runs until the page goes. */
export async function startFeed(): Promise<void> {
  setInterval(() => {
    now.value = Date.now();
  }, 1000);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') wake();
  });
  for (;;) {
    const waitMs = await askOnce();
    await sleep(waitMs);
    await whileHidden();
  }
}

async function sleep(ms: number): Promise<void> {
  const alarm = new AbortController();
  wake = () => alarm.abort();
  await pause(ms, alarm.signal);
}

async function whileHidden(): Promise<void> {
  const hiddenFor = async () => {
    await sleep(HIDDEN_AFTER_MS);
    return document.visibilityState === 'hidden';
  };
  if (document.visibilityState === 'hidden' && (await hiddenFor())) {
    await sleep(2 ** 31 - 1);
  }
}

/** @returns how long to wait before the next round, ms */
async function askOnce(): Promise<number> {
  const begunAt = Date.now();
  try {
    await whoAmI();
    cameras.value = keepSizes(await api.listCameras(), cameras.value);
    freshenShifts(branchesOf(cameras.value));
  } catch (error) {
    return onError(error instanceof api.ApiError ? error : new api.ApiError(0, String(error)));
  }
  lastAnswerAt = Date.now();
  now.value = lastAnswerAt;
  backoff.reset();
  link.value = { kind: 'live' };
  return Math.max(0, begunAt + CAMERAS_EVERY_MS - Date.now());
}

/** Asked at first and after the server was away: it may have come back as another version, with another page. */
async function whoAmI(): Promise<void> {
  const before = session.value;
  if (before && link.value.kind === 'live') return;
  session.value = await api.session();
  if (before && before.version !== session.value.version) window.location.reload();
}

function onError(error: api.ApiError): number {
  const waitMs = backoff.nextMs();
  if (error.status === 401) {
    session.value = undefined;
    cameras.value = undefined;
    forgetShifts();
    link.value = { kind: 'signed-out' };
    // A link opened in another tab signs this one in too.
    return SIGNED_OUT_EVERY_MS;
  }
  if (error.status === 403) {
    link.value = { kind: 'forbidden', detail: error.message };
    return SIGNED_OUT_EVERY_MS;
  }
  link.value = { kind: 'away', since: lastAnswerAt, retryAt: Date.now() + waitMs };
  return waitMs;
}

/** Has the browser forget the session, then shows the page of somebody without one. */
export async function signOut(): Promise<void> {
  try {
    await api.signOut();
  } catch {
    // Then one is still signed in, and the page goes on to say how it stands with the server.
  }
  refresh();
}
