// What is done when a connection over WebRTC has ended: another try and when, none, or another way. Pure but for chance.

import { ApiError } from '../api/http';
import { Backoff } from '../backoff';
import type { LinkState } from './link';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/** A connection that held so long was a good one: the next waits are short again. */
const STABLE_AFTER_MS = 10_000;

/** A camera that was not there, or not to be published to, so often in a row was not just being made anew. */
const MOST_ABSENCES = 3;

export class Tries {
  private readonly backoff: Backoff;
  private hasPassed = false;
  private liveSince: number | undefined;
  private lostSince: number | undefined;
  private absences = 0;

  constructor(chance?: () => number) {
    this.backoff = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS, chance);
  }

  /** Something was answered. */
  live(now: number): void {
    this.hasPassed = true;
    this.liveSince = now;
    this.lostSince = undefined;
  }

  /** What comes after `end`, an error or a reason: waiting, or somebody has to do something; nothing: another way. */
  after(end: unknown, now: number): Extract<LinkState, { kind: 'waiting' | 'closed' }> | undefined {
    if (this.liveSince !== undefined && now - this.liveSince >= STABLE_AFTER_MS) this.backoff.reset();
    this.liveSince = undefined;
    const status = end instanceof ApiError ? end.status : undefined;
    this.absences = status === 404 || status === 422 ? this.absences + 1 : 0;
    if (!this.hasPassed || this.absences >= MOST_ABSENCES) return undefined;
    const reason = end instanceof Error ? end.message : String(end);
    // As the socket would have been closed.
    if (status === 401 || status === 403) return { kind: 'closed', code: 4000 + status, reason };
    this.lostSince ??= now;
    return { kind: 'waiting', since: this.lostSince, retryAt: now + this.backoff.nextMs(), reason };
  }
}
