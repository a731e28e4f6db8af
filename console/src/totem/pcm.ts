// Samples of sound: made fewer, made small, and measured.

/** What the server's network for voices takes; more would be thrown away there. */
export const RATE = 16_000;

/** From any rate to [`RATE`], as blocks come: each sample is the mean of those it stands for, which keeps high tones out. */
export class Resampler {
  private readonly step: number;
  /** Of the sample that is being made: what is summed up, and how much of it there is yet to come. */
  private sum = 0;
  private missing: number;

  constructor(rate: number) {
    this.step = rate / RATE;
    this.missing = this.step;
  }

  take(block: Float32Array): Float32Array {
    const made: number[] = [];
    for (const sample of block) {
      let left = 1;
      while (left >= this.missing) {
        left -= this.missing;
        made.push((this.sum + sample * this.missing) / this.step);
        this.sum = 0;
        this.missing = this.step;
      }
      this.sum += sample * left;
      this.missing -= left;
    }
    return Float32Array.from(made);
  }
}

/** Collects samples into sounds of one length. */
export class Chunks {
  private chunk: Int16Array;
  private filled = 0;

  constructor(private readonly samples: number) {
    this.chunk = new Int16Array(samples);
  }

  /** Adds `block`; gives the sounds that are whole with it. */
  take(block: Float32Array): Int16Array[] {
    const whole: Int16Array[] = [];
    for (const sample of block) {
      this.chunk[this.filled] = Math.max(-1, Math.min(1, sample)) * 0x7fff;
      this.filled += 1;
      if (this.filled < this.samples) continue;
      whole.push(this.chunk);
      this.chunk = new Int16Array(this.samples);
      this.filled = 0;
    }
    return whole;
  }
}

/** Below this nobody hears anything. */
const QUIET_DB = -60;

/** How loud a block is: 0 silence, 1 as loud as can be; even steps sound even. */
export function levelOf(block: Float32Array): number {
  const power = block.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, block.length);
  const db = 10 * Math.log10(power + 1e-12);
  return Math.max(0, Math.min(1, 1 - db / QUIET_DB));
}

/** More arguments than this some browsers do not take. */
const PIECE = 0x2000;

/** The samples in base64, low byte first as on every machine that has a browser. */
export function base64Of(samples: Int16Array): string {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  let text = '';
  for (let at = 0; at < bytes.length; at += PIECE) {
    text += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  }
  return btoa(text);
}
