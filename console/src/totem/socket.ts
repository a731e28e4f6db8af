// Pictures and sounds over `/ws`: JPEG by JPEG, the next one when the last was answered.

import { world as real, type World } from '../gateway/world';
import { Link, type LinkState } from './link';
import type { ServerMessage } from './message';
import { base64Of } from './pcm';
import type { Ears, Source, Transport, Way } from './transport';

/** The least and the most time from one picture to the next while all is well. */
const FASTEST_MS = 125;
const SLOWEST_MS = 333;

/** An answer that takes longer is a reason to ask whether anybody is there, and then to go on without it. */
const PROBE_AFTER_MS = 3000;
const FORGET_AFTER_MS = 10_000;

/** A server that would not is asked again so much later. */
const REFUSED_PAUSE_MS = 2000;

/** While the camera has no picture, it is looked at again so often. */
const BLIND_PAUSE_MS = 200;

/** From a picture to the next when the answer took `answerMs`: a server or network that is slow is asked less often. */
export function periodMs(answerMs: number): number {
  return Math.min(SLOWEST_MS, Math.max(FASTEST_MS, 3 * answerMs));
}

export interface SocketOptions {
  query?: string | undefined;
  token?: string | undefined;
  url?: string;
  world?: Partial<World>;
}

/** This way never gives up: whoever can open the page can reach the socket, sooner or later. */
export const overSocket =
  (options: SocketOptions): Way =>
  (source, ears) =>
    new OverSocket(source, ears, options);

class OverSocket implements Transport {
  private readonly world: World;
  private readonly link: Link;
  /** Counts pictures and sounds: their names. */
  private count = 0;
  private picture: { id: string; sentAt: number } | undefined;
  private sound: string | undefined;
  /** Rises when pictures begin anew: a picture that was being taken before is not sent. */
  private round = 0;
  private stopTimer = () => {};
  private stopSound = () => {};

  constructor(
    private readonly source: Source,
    private readonly ears: Ears,
    { world, ...options }: SocketOptions,
  ) {
    this.world = { ...real, ...world };
    this.link = new Link({
      ...options,
      ...(world && { world }),
      onState: (state) => this.turn(state),
      onMessage: (message) => this.hear(message),
    });
  }

  start(): void {
    this.stopSound = this.source.onSound((samples, rate) => this.sendSound(samples, rate));
    this.link.open();
  }

  stop(): void {
    this.stopTimer();
    this.stopSound();
    this.round += 1;
    this.link.close();
  }

  private turn(state: LinkState): void {
    this.stopTimer();
    this.picture = undefined;
    this.sound = undefined;
    this.round += 1;
    if (state.kind === 'live') void this.sendPicture();
    this.ears.state(state);
  }

  private async sendPicture(): Promise<void> {
    const { round, world } = this;
    const image = await this.source.picture();
    if (round !== this.round) return;
    if (!image) return this.timer(BLIND_PAUSE_MS, () => void this.sendPicture());
    this.count += 1;
    const id = `p${this.count}`;
    this.picture = { id, sentAt: world.now() };
    const timestamp = new Date(world.now()).toISOString();
    this.link.say({
      type: 'image_stream',
      image_data: image,
      camera_active: true,
      timestamp,
      request_id: id,
    });
    this.timer(PROBE_AFTER_MS, () => {
      this.link.probe();
      this.timer(FORGET_AFTER_MS - PROBE_AFTER_MS, () => void this.sendPicture());
    });
  }

  /** One at a time: what is said while the server listens to the last sound is not sent. */
  private sendSound(samples: Int16Array, sample_rate: number): void {
    if (this.sound) return;
    const request_id = `s${this.count + 1}`;
    const audio_data = base64Of(samples);
    const sound = { type: 'audio_stream', audio_data, sample_rate, format: 's16le', channels: 1 } as const;
    if (!this.link.say({ ...sound, request_id })) return;
    this.count += 1;
    this.sound = request_id;
  }

  private hear(message: ServerMessage): void {
    switch (message.type) {
      case 'realtime_analysis':
        // Everybody's answers come by here; this totem's own have the name of its picture.
        if (!this.isAnswered(message.request_id)) return;
        this.ears.refused(undefined);
        this.ears.seen(message);
        break;
      case 'voice_analysis':
        if (message.request_id !== this.sound) return;
        this.sound = undefined;
        this.ears.heard(message);
        break;
      case 'error':
        if (message.request_id !== undefined && message.request_id === this.sound) this.sound = undefined;
        else if (this.picture && message.request_id === this.picture.id) {
          this.picture = undefined;
          this.timer(REFUSED_PAUSE_MS, () => void this.sendPicture());
          this.ears.refused(message.code);
        }
    }
  }

  /** Whether `id` is the picture that is waited for; then the next one has its time. */
  private isAnswered(id: string | number | undefined): boolean {
    const { picture, world } = this;
    if (!picture || picture.id !== id) return false;
    const answerMs = world.now() - picture.sentAt;
    this.picture = undefined;
    this.timer(Math.max(0, periodMs(answerMs) - answerMs), () => void this.sendPicture());
    return true;
  }

  private timer(ms: number, due: () => void): void {
    this.stopTimer();
    this.stopTimer = this.world.after(ms, due);
  }
}
