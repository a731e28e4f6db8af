// What can be counted of a totem's answers as they come by.

import type { Answer } from '../totem/message';

/** Answers in a second are the mean of so long. */
const RATE_MS = 10_000;
const A_MINUTE_MS = 60_000;

/** A totem that says nothing for so long has stopped, or is cut off. */
export const STALE_MS = 5000;

interface Heard {
  at: number;
  /** People that the detector itself found; boxes that were moved on from an earlier picture count for nobody. */
  found: number;
  ageMs: number;
}

export interface Figures {
  answersPerSecond: number;
  /** Within the last minute. */
  detections: number;
  /** How much older than their picture the boxes are: the mean and the worst of the last ten seconds. */
  boxesAgeMs: number | undefined;
  worstAgeMs: number | undefined;
}

/** One totem, as far as this page has heard of it. */
export class Watched {
  answer: Answer;
  at: number;
  private heard: Heard[] = [];

  constructor(
    readonly name: string,
    answer: Answer,
    at: number,
  ) {
    this.answer = answer;
    this.at = at;
    this.take(answer, at);
  }

  take(answer: Answer, at: number): void {
    this.answer = answer;
    this.at = at;
    const found = answer.detector_ran ? answer.detections.length : 0;
    this.heard.push({ at, found, ageMs: answer.analysis_age_ms });
    while (this.heard[0] && this.heard[0].at < at - A_MINUTE_MS) this.heard.shift();
  }

  isStale(now: number): boolean {
    return now - this.at > STALE_MS;
  }

  figures(now: number): Figures {
    const within = (ms: number) => this.heard.filter(({ at }) => at > now - ms);
    const recent = within(RATE_MS);
    const first = this.heard[0]?.at ?? now;
    const ages = recent.map(({ ageMs }) => ageMs);
    return {
      // A totem that has just begun has had less than ten seconds for its answers.
      answersPerSecond: (1000 * recent.length) / Math.min(RATE_MS, Math.max(1000, now - first)),
      detections: within(A_MINUTE_MS).reduce((sum, { found }) => sum + found, 0),
      boxesAgeMs: ages.length > 0 ? ages.reduce((sum, age) => sum + age, 0) / ages.length : undefined,
      worstAgeMs: ages.length > 0 ? Math.max(...ages) : undefined,
    };
  }
}
