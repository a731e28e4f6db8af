// Listens to what the server tells of all totems, and keeps what the page shows of it.

import { signal } from '@preact/signals';
import { Link, type LinkState } from '../totem/link';
import type { Answer, ServerMessage } from '../totem/message';
import { takeToken } from '../totem/token';
import { chosen } from './address';
import { Watched } from './figures';
import { Journal } from './journal';

/** Lists and figures follow so often: a person cannot read faster. The picture does not wait for it. */
const SHOW_EVERY_MS = 250;

/** The server is asked so often how long an answer takes to come here. */
const PING_EVERY_MS = 5000;

export const line = signal<LinkState>({ kind: 'connecting' });
/** The newest answer of the totem that is looked at. */
export const newest = signal<Answer | undefined>(undefined);
/** Rises when something below is new. */
export const version = signal(0);

export const totems = new Map<string, Watched>();
export const journal = new Journal();
/** To the server and back, ms. */
export let roundTripMs: number | undefined;
/** Answers that were left out because this page or its network is too slow, and messages of errors. */
export let skipped = 0;
export let errors = 0;

let pingedAt: number | undefined;
let isShowing = false;

/** The totem that is looked at: the chosen one, else the first by its name. */
export function current(): Watched | undefined {
  const [first] = [...totems.keys()].sort();
  return totems.get(chosen('totem')) ?? totems.get(first ?? '');
}

export const token = takeToken();

const link = new Link({
  token,
  onState(state) {
    line.value = state;
    pingedAt = undefined;
    journal.take(Date.now(), { type: 'link', ...state } as { type: 'link' }, 0);
    show();
  },
  onMessage: hear,
});

export function watch(): void {
  link.open();
  setInterval(() => {
    if (pingedAt === undefined && link.say({ type: 'ping' })) pingedAt = performance.now();
  }, PING_EVERY_MS);
}

/** Tries at once. */
export const again = (): void => link.open();

function hear(message: ServerMessage, chars: number): void {
  const now = Date.now();
  switch (message.type) {
    case 'realtime_analysis':
      note(message, now);
      break;
    case 'pong':
      // These come every few seconds and say nothing that the figures do not.
      if (pingedAt !== undefined) roundTripMs = performance.now() - pingedAt;
      pingedAt = undefined;
      show();
      return;
    case 'skipped':
      skipped += message.answers;
      break;
    case 'error':
      errors += 1;
  }
  journal.take(now, message, chars);
  show();
}

function note(answer: Answer, now: number): void {
  const known = totems.get(answer.camera);
  if (known) known.take(answer, now);
  else totems.set(answer.camera, new Watched(answer.camera, answer, now));
  if (current()?.name === answer.camera) newest.value = answer;
}

function show(): void {
  if (isShowing) return;
  isShowing = true;
  setTimeout(() => {
    isShowing = false;
    newest.value = current()?.answer;
    version.value += 1;
  }, SHOW_EVERY_MS);
}
