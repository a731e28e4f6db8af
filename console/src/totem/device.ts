// What the totem does: asks for its camera, sends what it sees, and stays at it until somebody stops it.

import { batch, signal } from '@preact/signals';
import {
  CameraError,
  end,
  isMirror,
  type Lens,
  nextLens,
  openDevices,
  openSound,
  type SoundState,
  type Trouble,
  whenItMayWork,
} from './camera';
import { Frames } from './frames';
import type { LinkState } from './link';
import type { Voice } from './message';
import { overSocket } from './socket';
import { type Hearing, listen } from './sound';
import { queryForServer, takeToken } from './token';
import { type Ears, type Film, firstOf, type Seen, type Source, type Transport, type Way } from './transport';
import { stayAwake } from './wake';
import { overWhip } from './whip';

export type Stage =
  | { kind: 'idle' }
  /** The browser asks the visitor. */
  | { kind: 'asking' }
  | { kind: 'trouble'; trouble: Trouble }
  | { kind: 'on'; stream: MediaStream; isMirrored: boolean };

export const stage = signal<Stage>({ kind: 'idle' });
export const line = signal<LinkState>({ kind: 'connecting' });
/** Why the server would not look at the last picture. */
export const refused = signal<string | undefined>(undefined);
export const seen = signal<Seen | undefined>(undefined);
export const film = signal<Film | undefined>(undefined);
export const voice = signal<Voice | undefined>(undefined);
/** How loud it is, 0..1. */
export const level = signal(0);
export const sound = signal<SoundState>('on');
export const canTurn = signal(false);
/** Width by height of what the camera gives; phones turn it as they are turned. */
export const aspect = signal(4 / 3);

const token = takeToken();
const query = new URLSearchParams(window.location.search);

/** Somebody pressed start in this tab, and not stop: a page that is loaded anew goes on by itself. */
const GOING = 'atalaya.totem.going';

/** In the order in which they are tried: a totem with a name may be a camera that is published to. */
const WAYS: readonly Way[] = [
  ...(query.get('totem') ? [overWhip({ token, camera: query.get('totem') ?? '' })] : []),
  overSocket({ token, query: queryForServer(query) }),
];

/** Plays what the camera sees; pictures are taken out of it, and the page shows it while there are no answers. */
export const video = document.createElement('video');
video.muted = true;
video.playsInline = true;
video.addEventListener('resize', () => {
  if (video.videoHeight > 0) aspect.value = video.videoWidth / video.videoHeight;
});

const FRONT: Lens = { facing: 'user' };

/** What ends with the camera's stream, in its order. */
let ends: (() => void)[] = [];
let lens: Lens = FRONT;
let transport: Transport | undefined;
let hearing: Hearing | undefined;
const hearers = new Set<(samples: Int16Array, rate: number) => void>();
/** Rises with each start; what belongs to an earlier one is nobody's. */
let attempt = 0;

/** `?start` in the address: the totem begins by itself, once its camera was allowed. */
export function startIfGoing(): void {
  let isGoing = query.has('start');
  try {
    isGoing ||= sessionStorage.getItem(GOING) !== null;
  } catch {
    // Storage is forbidden: somebody has to press start.
  }
  if (isGoing) void start();
}

function remember(isGoing: boolean): void {
  try {
    if (isGoing) sessionStorage.setItem(GOING, '1');
    else sessionStorage.removeItem(GOING);
  } catch {
    // As above.
  }
}

/** `by` itself: what the visitor reads stays until there is something else to say. */
export async function start(by: 'visitor' | 'itself' = 'visitor'): Promise<void> {
  letGo();
  attempt += 1;
  const mine = attempt;
  if (by === 'visitor') stage.value = { kind: 'asking' };
  try {
    const { stream, sound: heard } = await openDevices(lens, sound.peek() !== 'off');
    if (mine !== attempt) return end(stream);
    remember(true);
    sound.value = heard;
    run(stream);
  } catch (error) {
    if (mine !== attempt) return;
    const trouble = error instanceof CameraError ? error.trouble : 'failed';
    // The camera that was chosen may be the one that is gone.
    lens = FRONT;
    ends.push(whenItMayWork(trouble, () => void start('itself')));
    stage.value = { kind: 'trouble', trouble };
  }
}

export function stop(): void {
  attempt += 1;
  remember(false);
  letGo();
  stage.value = { kind: 'idle' };
}

/** The camera on the other side of the device, or the next one. */
export async function turn(): Promise<void> {
  const now = stage.peek();
  if (now.kind !== 'on') return;
  lens = (await nextLens(now.stream)) ?? lens;
  await start();
}

/** Switches the microphone on or off, also before the start. */
export async function wantSound(isWanted: boolean): Promise<void> {
  sound.value = isWanted ? 'on' : 'off';
  if (!isWanted) deafen();
  if (!isWanted || stage.peek().kind !== 'on') return;
  const mine = attempt;
  const opened = await openSound();
  if (mine !== attempt || sound.peek() === 'off') return end(opened.stream);
  sound.value = opened.sound;
  if (opened.stream) void hear(opened.stream);
}

/** Tries at once instead of waiting, or again after it was turned away. */
export function again(): void {
  const now = stage.peek();
  if (now.kind !== 'on') return void start();
  transport?.stop();
  connect(now.stream, now.isMirrored);
}

function run(stream: MediaStream): void {
  const isMirrored = isMirror(stream);
  video.srcObject = stream;
  // Where it may not play yet it is tried again with each picture.
  void video.play().catch(() => undefined);
  for (const track of stream.getVideoTracks()) track.onended = () => void start('itself');
  ends.push(() => end(stream), stayAwake());
  stage.value = { kind: 'on', stream, isMirrored };
  connect(stream, isMirrored);
  void nextLens(stream).then((next) => {
    canTurn.value = next !== undefined;
  });
  if (stream.getAudioTracks().length > 0) void hear(stream);
}

/** Listens to `stream`, and lets go of its microphone in the end. */
async function hear(stream: MediaStream): Promise<void> {
  const mine = attempt;
  const listening = await listen(
    stream,
    (loud) => {
      level.value = loud;
    },
    (samples, rate) => {
      for (const hearer of hearers) hearer(samples, rate);
    },
  ).catch(() => undefined);
  if (mine !== attempt || sound.peek() !== 'on') listening?.stop();
  else if (listening) hearing = listening;
  else sound.value = 'missing';
}

function deafen(): void {
  hearing?.stop();
  hearing = undefined;
  batch(() => {
    voice.value = undefined;
    level.value = 0;
  });
}

function connect(stream: MediaStream, isMirrored: boolean): void {
  const frames = new Frames();
  const source: Source = {
    stream,
    async picture() {
      // Nobody stands before a page that is not shown.
      if (document.visibilityState !== 'visible') return undefined;
      if (video.paused) void video.play().catch(() => undefined);
      return frames.take(video, isMirrored);
    },
    onSound(hear) {
      hearers.add(hear);
      return () => hearers.delete(hear);
    },
  };
  const ears: Ears = {
    state: (state) => {
      line.value = state;
      // What was seen and heard before a loss is not what there is after it.
      if (state.kind !== 'live') seen.value = voice.value = undefined;
    },
    seen: (answer) => {
      seen.value = answer;
    },
    film: (shown) => {
      film.value = shown;
    },
    heard: (said) => {
      voice.value = said;
    },
    refused: (code) => {
      refused.value = code;
    },
  };
  transport = firstOf(WAYS, source, ears);
  transport.start();
}

function letGo(): void {
  transport?.stop();
  transport = undefined;
  deafen();
  for (const finish of ends) finish();
  ends = [];
  video.srcObject = null;
  batch(() => {
    line.value = { kind: 'connecting' };
    refused.value = seen.value = undefined;
  });
}
