// How long to wait before the next try.

/** Doubles from `firstMs` to `maxMs`; half of it is chance, so that a wall of tiles does not knock in step. */
export class Backoff {
  private tries = 0;

  constructor(
    private readonly firstMs: number,
    private readonly maxMs: number,
    private readonly chance: () => number = Math.random,
  ) {}

  nextMs(): number {
    const full = Math.min(this.maxMs, this.firstMs * 2 ** this.tries);
    this.tries = Math.min(this.tries + 1, 30);
    return full / 2 + (full / 2) * this.chance();
  }

  reset(): void {
    this.tries = 0;
  }
}

/** Resolves after `ms` or at once when `signal` fires; the caller looks at the signal. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
