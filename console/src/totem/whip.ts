// Video over WebRTC, to the camera that has the totem's name: smoother than picture by picture, and a fraction of its bits.
//
// What is seen comes back as records and the picture as video, so that each box is drawn on the very frame it was seen in.

import { BASE, json, query } from '../api/http';
import { pause } from '../backoff';
import type { Line } from '../gateway/line';
import { openSse } from '../gateway/sse';
import type { DetectionFrame } from '../video/detections';
import { canDrawOn, type Listen } from '../video/drawn';
import { openWhep, openWhip, type RtcSession, webrtcAvailable } from '../video/whep';
import { ATTRIBUTES, type Detection, type Voice } from './message';
import type { Ears, Source, Transport, Way } from './transport';
import { Tries } from './tries';

/** From the connection to the first record; a model may have to be loaded. */
const FIRST_WITHIN_MS = 10_000;

export interface WhipOptions {
  /** Id of the camera. */
  camera: string;
  token?: string | undefined;
}

/** A piece of sound is 96 KB, which a poor uplink carries beside the video in a while. */
const SOUND_WITHIN_MS = 15_000;

/** Passes when there is such a camera, it can be published to, WebRTC gets through, and this browser tells frames apart. */
export const overWhip =
  (options: WhipOptions): Way =>
  (source, ears, cannot) =>
    new OverWhip(source, ears, cannot, options);

class OverWhip implements Transport {
  private readonly stopping = new AbortController();
  private readonly tries = new Tries();
  private readonly path: string;
  private readonly headers: Record<string, string>;
  private stopSound = () => {};
  private isHeard = false;
  private isLive = false;
  private readonly listeners = new Set<(frame: Frame) => void>();

  constructor(
    private readonly source: Source,
    private readonly ears: Ears,
    private readonly cannot: () => void,
    private readonly options: WhipOptions,
  ) {
    this.path = `${BASE}/cameras/${encodeURIComponent(options.camera)}`;
    this.headers = options.token ? { authorization: `Bearer ${options.token}` } : {};
  }

  start(): void {
    // It may find at once that it cannot, and is stopped then.
    this.stopSound = this.source.onSound((samples, rate) => void this.sendSound(samples, rate));
    void this.run(this.stopping.signal);
  }

  stop(): void {
    this.stopSound();
    this.stopping.abort();
  }

  private async run(stop: AbortSignal): Promise<void> {
    const [track] = this.source.stream.getVideoTracks();
    if (!track || !webrtcAvailable() || !canDrawOn()) return this.cannot();
    while (!stop.aborted) {
      this.ears.state({ kind: 'connecting' });
      const end = await openWhip(`${this.path}/whip`, track, stop, this.headers)
        .then((session) => this.follow(session, stop))
        .catch((error: unknown) => error);
      this.isLive = false;
      if (stop.aborted) return;
      const next = this.tries.after(end, Date.now());
      if (!next) return this.cannot();
      this.ears.state(next);
      if (next.kind === 'closed') return;
      await pause(next.retryAt - Date.now(), stop);
    }
  }

  /** Hands on what is seen until anything of it ends; gives the reason. */
  private async follow(session: RtcSession, stop: AbortSignal): Promise<string> {
    const quit = new AbortController();
    const leave = () => quit.abort();
    stop.addEventListener('abort', leave);
    try {
      return await new Promise<string>((over) => {
        const slow = setTimeout(() => over('nothing was answered'), FIRST_WITHIN_MS);
        quit.signal.addEventListener('abort', () => clearTimeout(slow));
        void session.ended.then(over);
        let isFirst = true;
        const listening = this.listen(
          (reason) => over(reason || 'the records ended'),
          () => {
            if (!isFirst) return;
            isFirst = false;
            this.show(quit.signal, over).then(
              () => clearTimeout(slow),
              (error) => over(String(error)),
            );
          },
        );
        quit.signal.addEventListener('abort', () => listening.end());
      });
    } finally {
      stop.removeEventListener('abort', leave);
      leave();
      session.close();
      this.ears.film(undefined);
    }
  }

  /** Hears records until it is ended, or `over`. */
  private listen(over: (reason: string) => void, onFrame: () => void): Line {
    const url = new URL(`${this.path}/detections?attributes=true`, window.location.href);
    const { token } = this.options;
    return openSse(
      fetch,
      { url, token, isTokenNew: false, lastEventId: '' },
      {
        opened: () => undefined,
        heard: (data?: string) => {
          const frame = data === undefined ? undefined : readFrame(data);
          if (!frame) return;
          onFrame();
          for (const listener of this.listeners) listener(frame);
          if (!this.isLive) return;
          this.ears.refused(undefined);
          this.ears.seen({ annotated_image: null, detections: frame.detections });
        },
        over: (_code: number, reason: string) => over(reason),
      },
    );
  }

  /** Has the picture come back as video until it is `over`. */
  private async show(stop: AbortSignal, over: (reason: string) => void): Promise<void> {
    const { stream, ended } = await openWhep(`${this.path}/whep?overlay=false`, stop, this.headers);
    if (stop.aborted) return;
    this.isLive = true;
    this.tries.live(Date.now());
    const listen: Listen = (onFrame) => {
      this.listeners.add(onFrame);
      return () => this.listeners.delete(onFrame);
    };
    this.ears.film({ stream, listen });
    this.ears.state({ kind: 'live' });
    void ended.then(over);
  }

  /** One at a time: what is said while the server listens to the last sound is not sent. */
  private async sendSound(samples: Int16Array, rate: number): Promise<void> {
    if (!this.isLive || this.isHeard) return;
    this.isHeard = true;
    const { camera } = this.options;
    const how = query({ camera, rate, channels: 1, format: 's16le' });
    try {
      const voice = await json<Omit<Voice, 'type'>>(
        `/tracking/voice${how}`,
        {
          method: 'POST',
          headers: { ...this.headers, 'content-type': 'application/octet-stream' },
          body: samples as Int16Array<ArrayBuffer>,
          signal: this.stopping.signal,
        },
        SOUND_WITHIN_MS,
      );
      if (this.isLive) this.ears.heard({ ...voice, type: 'voice_analysis' });
    } catch {
      // A sound that nobody takes is not worth a word: the next one is on its way.
    } finally {
      this.isHeard = false;
    }
  }
}

/** A record of `detections?attributes=true`; a person has no attributes before somebody has looked closer. */
type Frame = Omit<DetectionFrame, 'detections'> & { detections: Detection[] };

const UNKNOWN = Object.fromEntries(
  ATTRIBUTES.map((name) => [name, { value: null, confidence: 0 }]),
) as Detection['attributes'];

/** What a record says, without what is nobody: people, nearest first. Nothing when it is no frame. */
export function readFrame(data: string): Frame | undefined {
  const frame = JSON.parse(data) as DetectionFrame & { detections?: Partial<Detection>[] };
  if (!frame.detections) return undefined;
  const area = ({ box }: { box: Detection['box'] }) => box[2] * box[3];
  const detections = frame.detections
    .filter(({ label }) => label === 'person')
    .sort((one, other) => area(other) - area(one))
    .map((person) => ({ face: null, attributes: UNKNOWN, ...person }));
  return { ...frame, detections };
}
