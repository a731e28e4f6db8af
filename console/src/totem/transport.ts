// How a totem's picture and sound reach the server, and what is seen comes back; by whichever way passes.

import type { Listen } from '../video/drawn';
import type { LinkState } from './link';
import type { Answer, Voice } from './message';

/** What was seen; without a picture when that comes as video. */
export type Seen = Pick<Answer, 'annotated_image' | 'detections'>;

/** The totem's picture as it comes back as video, and what was seen in which of its frames. */
export interface Film {
  readonly stream: MediaStream;
  readonly listen: Listen;
}

/** What a totem sees and hears. */
export interface Source {
  /** For ways that send video as such. */
  readonly stream: MediaStream;
  /** What the camera sees now, as a data URL of a JPEG; nothing while there is no picture. */
  picture(): Promise<string | undefined>;
  /** Calls `hear` with each sound in turn, samples of 16 bit at `rate` a second, until the answer is called. */
  onSound(hear: (samples: Int16Array, rate: number) => void): () => void;
}

/** What a transport tells. */
export interface Ears {
  state(state: LinkState): void;
  seen(answer: Seen): void;
  /** From now on the picture comes so; nothing: it does not come as video. */
  film(film: Film | undefined): void;
  heard(voice: Voice): void;
  /** The server would not, and why (`busy`, `forbidden`, …); nothing when it would again. */
  refused(code: string | undefined): void;
}

export interface Transport {
  start(): void;
  stop(): void;
}

/** Makes a transport; `cannot` is to be called once, when nothing passes this way, or nothing will any more. */
export type Way = (source: Source, ears: Ears, cannot: () => void) => Transport;

/** The first of `ways` that passes. The last one has nobody to hand over to, so it tries for ever. */
export function firstOf(ways: readonly Way[], source: Source, ears: Ears): Transport {
  let current: Transport | undefined;
  const go = ([way, ...others]: readonly Way[]) => {
    current = way?.(source, ears, () => {
      const left = current;
      if (!left || others.length === 0) return;
      left.stop();
      go(others);
    });
    current?.start();
  };
  return {
    start: () => go(ways),
    stop() {
      current?.stop();
      current = undefined;
    },
  };
}
