// How long to wait before the next try.

/**
 * Decorrelated jitter: each wait is chance between `baseMs` and three times the one before, at most `capMs`. Clients that
 * lost the same server come back spread out, and more so with each try.
 */
export class Jitter {
  private lastMs: number;

  constructor(
    private readonly baseMs: number,
    private readonly capMs: number,
    private readonly chance: () => number,
  ) {
    this.lastMs = baseMs;
  }

  nextMs(): number {
    const { baseMs, capMs } = this;
    this.lastMs = Math.min(capMs, baseMs + this.chance() * (this.lastMs * 3 - baseMs));
    return this.lastMs;
  }

  reset(): void {
    this.lastMs = this.baseMs;
  }
}
