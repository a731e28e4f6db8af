// What is seen in each frame of a camera, as it is seen; one connection a camera, however many parts of a page look.

import { cameraUrl } from '../api';

export interface Detection {
  /** Null until it is confirmed. */
  track: number | null;
  label: string;
  confidence: number;
  /** `[x, y, width, height]` in pixels of the source. */
  box: [number, number, number, number];
}

export interface DetectionFrame {
  frame: number;
  pts_ms: number;
  /** When it reached the server, RFC 3339. */
  at: string;
  width: number;
  height: number;
  detections: Detection[];
}

type OnFrame = (frame: DetectionFrame) => void;

/** A browser tries again by itself after a loss, but not after a refusal. */
const AGAIN_AFTER_MS = 3000;

interface Entry {
  listeners: Set<OnFrame>;
  source: EventSource | undefined;
  again: ReturnType<typeof setTimeout> | undefined;
}

const entries = new Map<string, Entry>();

/** Hands over each frame of a camera until the returned function is called. */
export function listenToDetections(camera: string, onFrame: OnFrame): () => void {
  const entry = entries.get(camera) ?? { listeners: new Set<OnFrame>(), source: undefined, again: undefined };
  entries.set(camera, entry);
  entry.listeners.add(onFrame);
  if (entry.listeners.size === 1) open(camera, entry);
  return () => {
    entry.listeners.delete(onFrame);
    if (entry.listeners.size > 0) return;
    clearTimeout(entry.again);
    entry.source?.close();
    entries.delete(camera);
  };
}

function open(camera: string, entry: Entry): void {
  const source = new EventSource(`${cameraUrl(camera)}/detections`);
  entry.source = source;
  source.addEventListener('frame', (event) => {
    const frame = JSON.parse((event as MessageEvent<string>).data) as DetectionFrame;
    for (const listener of entry.listeners) listener(frame);
  });
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return;
    clearTimeout(entry.again);
    entry.again = setTimeout(() => open(camera, entry), AGAIN_AFTER_MS);
  };
}
