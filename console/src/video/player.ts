// Keeps one picture of one camera playing: WebRTC first, MJPEG where that fails, again and again until stopped.

import { signal } from '@preact/signals';
import { ApiError, cameraUrl } from '../api';
import { Backoff, pause } from '../backoff';
import { type OnPicture, playMjpeg } from './mjpeg';
import { MediaError, openWhep, type WhepSession, webrtcAvailable } from './whep';

export type Via = 'webrtc' | 'mjpeg';

export interface Playback {
  phase: 'connecting' | 'playing' | 'waiting';
  via?: Via;
  /** The WebRTC stream, once connected. It stays while a new one is sought, for its last frame. */
  stream?: MediaStream;
  /** While waiting: when the next try is, ms of this machine's clock, and why it is needed. */
  retryAt?: number;
  reason?: string;
}

/** After WebRTC failed, MJPEG plays on while it is tried again in the background after this long, doubling. */
const UPGRADE_FIRST_MS = 30_000;
const UPGRADE_MAX_MS = 300_000;

export class Player {
  readonly playback = signal<Playback>({ phase: 'connecting' });
  private readonly painters = new Set<OnPicture>();
  private stopping = new AbortController();
  private readonly backoff = new Backoff(500, 5000);
  private readonly upgrade = new Backoff(UPGRADE_FIRST_MS, UPGRADE_MAX_MS);
  /** WebRTC failed here while the server was well: MJPEG's turn. */
  private degraded = !webrtcAvailable();

  constructor(
    private readonly camera: string,
    /** Which of its pictures, as `viewQuery` tells. */
    private readonly query: string,
  ) {
    this.start();
  }

  /** Plays on after `stop`. */
  start(): void {
    this.stopping.abort();
    this.stopping = new AbortController();
    void this.run(this.stopping.signal);
  }

  /** Hands MJPEG pictures to `paint` until the returned function is called. */
  onPicture(paint: OnPicture): () => void {
    this.painters.add(paint);
    return () => this.painters.delete(paint);
  }

  stop(): void {
    this.stopping.abort();
  }

  private async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      let reason: string;
      try {
        reason = this.degraded ? await this.playPictures(stop) : await this.playWebrtc(await this.open(stop));
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
        if (error instanceof MediaError) {
          this.degraded = true;
          continue;
        }
      }
      if (stop.aborted) return;
      const waitMs = this.backoff.nextMs();
      const { stream } = this.playback.value;
      this.playback.value = {
        phase: 'waiting',
        retryAt: Date.now() + waitMs,
        reason,
        ...(stream ? { stream } : {}),
      };
      await pause(waitMs, stop);
    }
  }

  private open(stop: AbortSignal): Promise<WhepSession> {
    return openWhep(`${cameraUrl(this.camera)}/whep${this.query}`, stop);
  }

  private async playWebrtc(session: WhepSession): Promise<string> {
    this.backoff.reset();
    this.upgrade.reset();
    this.playback.value = { phase: 'playing', via: 'webrtc', stream: session.stream };
    return session.ended;
  }

  private async playPictures(stop: AbortSignal): Promise<string> {
    const quit = new AbortController();
    const leave = () => quit.abort();
    stop.addEventListener('abort', leave);
    try {
      const better = this.seekWebrtc(stop, quit.signal);
      const pictures = playMjpeg(
        cameraUrl(this.camera),
        this.query,
        (picture) => this.paint(picture),
        quit.signal,
      );
      const session = await Promise.race([better, pictures]);
      leave();
      if (!session) return 'the pictures ended';
      this.degraded = false;
      return await this.playWebrtc(session);
    } catch (error) {
      // Both ways were refused, so it is not WebRTC's fault: the next try begins with it again.
      if (error instanceof ApiError) this.degraded = !webrtcAvailable();
      throw error;
    } finally {
      leave();
      stop.removeEventListener('abort', leave);
    }
  }

  private paint(picture: ImageBitmap): void {
    if (this.playback.value.via !== 'mjpeg') {
      this.backoff.reset();
      this.playback.value = { phase: 'playing', via: 'mjpeg' };
    }
    for (const painter of this.painters) painter(picture);
    picture.close();
  }

  /** Resolves with a session once WebRTC works; never while it does not. */
  private async seekWebrtc(stop: AbortSignal, quit: AbortSignal): Promise<WhepSession> {
    while (!quit.aborted) {
      await pause(this.upgrade.nextMs(), quit);
      if (quit.aborted || !webrtcAvailable()) break;
      try {
        const session = await this.open(stop);
        if (!quit.aborted) return session;
        session.close();
      } catch {
        // Still not: MJPEG plays on.
      }
    }
    return new Promise(() => undefined);
  }
}
