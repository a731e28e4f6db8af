// The hub with the real gateway and clock.

import { connect } from '../gateway';
import { Hub } from './hub';
import { lookBy } from './recall';

export function newHub(): Hub {
  return new Hub({
    connect,
    look: lookBy,
    now: () => Date.now(),
    after: (ms, due) => setTimeout(due, ms),
  });
}
