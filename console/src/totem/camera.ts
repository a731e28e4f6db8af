// Camera and microphone of this device: asking for them, what may be in the way, and which camera is next.

/** Why there is no picture; each has words that say what to do. */
export type Trouble = 'insecure' | 'unsupported' | 'denied' | 'missing' | 'busy' | 'failed';

/** Why there is no sound: the visitor's wish, or what the device has said. */
export type SoundState = 'on' | 'off' | 'denied' | 'missing';

/** Which camera: the one that looks at the visitor, the other one, or one by its name. */
export type Lens = { facing: 'user' | 'environment' } | { device: string };

export class CameraError extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble);
  }
}

export interface Devices {
  stream: MediaStream;
  sound: SoundState;
}

/** What the server looks at: more pixels are sent and not used. */
const WIDTH = 640;
const HEIGHT = 480;

const PICTURE = { width: { ideal: WIDTH }, height: { ideal: HEIGHT }, frameRate: { ideal: 15 } } as const;
const SOUND = { channelCount: { ideal: 1 }, echoCancellation: false, noiseSuppression: false } as const;

/**
 * Asks for the camera, and for the microphone when `wantsSound`. Without a microphone there is still a picture.
 *
 * @throws {CameraError}
 */
export async function openDevices(lens: Lens, wantsSound: boolean): Promise<Devices> {
  if (!navigator.mediaDevices) throw new CameraError(window.isSecureContext ? 'unsupported' : 'insecure');
  const video = { ...PICTURE, ...constraintOf(lens) };
  if (!wantsSound) return { stream: await ask({ video }), sound: 'off' };
  try {
    return { stream: await ask({ video, audio: SOUND }), sound: 'on' };
  } catch (error) {
    // Both are refused in one word: asking for the picture alone tells which of them it was.
    const stream = await ask({ video });
    const isDenied = error instanceof CameraError && error.trouble === 'denied';
    return { stream, sound: isDenied ? 'denied' : 'missing' };
  }
}

/** The microphone alone, for somebody who switches it on later. */
export async function openSound(): Promise<{ stream?: MediaStream; sound: SoundState }> {
  try {
    return { stream: await ask({ audio: SOUND }), sound: 'on' };
  } catch (error) {
    return { sound: error instanceof CameraError && error.trouble === 'denied' ? 'denied' : 'missing' };
  }
}

const constraintOf = (lens: Lens): MediaTrackConstraints =>
  'device' in lens ? { deviceId: { exact: lens.device } } : { facingMode: { ideal: lens.facing } };

async function ask(constraints: MediaStreamConstraints): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    throw new CameraError(troubleOf(error));
  }
}

/** What a browser's word means, by the W3C's names and the older ones that some still use. */
export function troubleOf(error: unknown): Trouble {
  switch (error instanceof Error || error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
      return 'denied';
    case 'SecurityError':
      return 'insecure';
    case 'NotFoundError':
    case 'DevicesNotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return 'busy';
    default:
      return 'failed';
  }
}

/** The lens after the one that `stream` comes from; nothing when there is no other. */
export async function nextLens(stream: MediaStream): Promise<Lens | undefined> {
  const { facingMode, deviceId } = stream.getVideoTracks()[0]?.getSettings() ?? {};
  const all = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === 'videoinput');
  if (all.length < 2) return undefined;
  // Phones have several cameras at the back, and people mean "the other side".
  if (facingMode === 'user') return { facing: 'environment' };
  if (facingMode === 'environment') return { facing: 'user' };
  const at = all.findIndex((camera) => camera.deviceId === deviceId);
  const next = all[(at + 1) % all.length];
  return next && { device: next.deviceId };
}

/** Who stands before a camera that looks their way expects a mirror. */
export function isMirror(stream: MediaStream): boolean {
  return stream.getVideoTracks()[0]?.getSettings().facingMode !== 'environment';
}

export function end(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Calls `again` when what was in the way may be gone: permission given, a camera plugged in, let go by another app. */
export function whenItMayWork(trouble: Trouble, again: () => void): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  if (trouble === 'insecure' || trouble === 'unsupported') return () => undefined;
  navigator.mediaDevices.addEventListener('devicechange', again, { signal });
  if (trouble === 'denied') {
    // Some browsers do not know permissions by this name; then the button is the way.
    navigator.permissions
      ?.query({ name: 'camera' as PermissionName })
      .then((permission) => {
        const look = () => permission.state === 'granted' && again();
        permission.addEventListener('change', look, { signal });
      })
      .catch(() => undefined);
    return () => stop.abort();
  }
  // Nobody tells when another app lets go of a camera.
  const timer = setInterval(again, AGAIN_EVERY_MS);
  return () => {
    stop.abort();
    clearInterval(timer);
  };
}

const AGAIN_EVERY_MS = 5000;
