// Which frame's data belongs to the picture on screen. Pure.
//
// The server stamps a frame's record (`at`) and the picture of the same frame, which becomes the RTP time, one right after
// the other, but counts the latter from an instant of its own that it does not tell. The distance of the two clocks is
// found here: it is the one by which the pictures' times fall onto the frames' times, which tremble together as frames
// arrive unevenly. Two of a kind lie within a millisecond or two; a frame is forty and more away from the next.

/** How many of each are kept: some seconds. */
const KEPT = 240;

/** Pictures that are compared to find the distance; and the fewest that will do. */
const COMPARED = 24;
const FEWEST = 4;

/** A record and its picture are not further apart than this on arrival; encoding takes tens of milliseconds. */
const NEAR_MS = 600;

/** The two stamps of one frame differ by no more than this on a machine that has time. */
const SAME_MS = 8;

/** On one that has none, a record may be stamped this much after its picture. */
const STAMPED_MS = 20;

/** RTP time is in 90 kHz and begins again after 2^32. */
const TICKS_PER_MS = 90;

interface Arrived {
  /** By the one who stamped it. */
  time: number;
  /** When it came, by this machine's clock; pictures a little after their records. */
  arrived: number;
}

/** Finds for each picture its frame's data, `T`. */
export class Aligner<T> {
  private frames: (Arrived & { data: T })[] = [];
  private pictures: Arrived[] = [];
  private ticks: number | undefined;
  private elapsed = 0;
  private offset: number | undefined;
  private seen = 0;

  /** Whether the clocks' distance is known. */
  get isSure(): boolean {
    return this.offset !== undefined;
  }

  /** A frame's record; `at` in ms since 1970. */
  addFrame(at: number, arrived: number, data: T): void {
    this.frames.push({ time: at, arrived, data });
    if (this.frames.length > KEPT) this.frames.shift();
  }

  /** A picture on its way to the screen. */
  addPicture(rtpTimestamp: number, arrived: number): void {
    const time = this.unwrapped(rtpTimestamp);
    if (this.pictures.at(-1)?.time === time) return;
    this.pictures.push({ time, arrived });
    if (this.pictures.length > KEPT) this.pictures.shift();
    this.seen += 1;
    // A few pictures of even frames may fit a wrong distance, too, which the next ones mend. Then clocks drift by
    // milliseconds a minute: it need not be found anew with each picture.
    if (!this.isSure || this.seen < COMPARED || this.seen % COMPARED === 0) this.measure();
  }

  /** The data of a picture's frame; `late`: it has not come yet; undefined: nothing can be said. */
  dataOf(rtpTimestamp: number): { data: T } | 'late' | undefined {
    if (this.offset === undefined) return undefined;
    const at = this.unwrapped(rtpTimestamp) + this.offset;
    let before: { data: T; time: number } | undefined;
    let next: { data: T; time: number } | undefined;
    for (const frame of this.frames) {
      if (frame.time > at + SAME_MS) {
        if (!next || frame.time < next.time) next = frame;
      } else if (!before || frame.time > before.time) before = frame;
    }
    const since = before ? at - before.time : Number.POSITIVE_INFINITY;
    if (since <= SAME_MS) return before;
    if (!next) return 'late';
    // A picture that is sent once more, as no new one came, is that of the last frame before it.
    return next.time - at <= Math.min(STAMPED_MS, since) ? next : before;
  }

  private unwrapped(rtpTimestamp: number): number {
    if (this.ticks !== undefined) this.elapsed += (rtpTimestamp - this.ticks) | 0;
    this.ticks = rtpTimestamp;
    return this.elapsed / TICKS_PER_MS;
  }

  /** Tries each distance that some picture and some frame suggest; takes the one by which most fall together best. */
  private measure(): void {
    const recent = this.pictures.slice(-COMPARED);
    if (recent.length < FEWEST) return;
    const oldest = (recent[0]?.arrived ?? 0) - 2 * NEAR_MS;
    const frames = this.frames.filter(({ arrived }) => arrived >= oldest);
    let best: { offset: number; cost: number } | undefined;
    for (const picture of recent.slice(-FEWEST)) {
      for (const frame of frames) {
        if (Math.abs(picture.arrived - frame.arrived) > NEAR_MS) continue;
        const guess = fit(recent, frames, frame.time - picture.time);
        if (!best || guess.cost < best.cost) best = guess;
      }
    }
    // With most of the pictures next to no frame, it is a guess: better to draw nothing than on the wrong picture.
    if (best && best.cost < (SAME_MS * SAME_MS) / 2) this.offset = best.offset;
  }
}

/** How well pictures fall onto frames when moved by `offset`: the mean square of what is missing, and a better offset. */
function fit(
  pictures: readonly Arrived[],
  frames: readonly Arrived[],
  offset: number,
): { offset: number; cost: number } {
  let [sum, cost, hits] = [0, 0, 0];
  for (const { time } of pictures) {
    const missing = nearest(frames, time + offset);
    const square = Math.min(missing * missing, SAME_MS * SAME_MS);
    cost += square;
    if (Math.abs(missing) < SAME_MS) {
      sum += missing;
      hits += 1;
    }
  }
  const mean = hits > 0 ? sum / hits : 0;
  return { offset: offset + mean, cost: cost / pictures.length - (hits / pictures.length) * mean * mean };
}

/** How far the nearest frame's time is ahead of `time`. */
function nearest(frames: readonly Arrived[], time: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (const frame of frames) {
    const ahead = frame.time - time;
    if (Math.abs(ahead) < Math.abs(best)) best = ahead;
  }
  return best;
}
