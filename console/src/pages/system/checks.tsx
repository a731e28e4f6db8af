// What is well and what is not, a line each.

import type { CameraStateName } from '../../api';
import type { GatewayHealth, Readiness } from '../../api/system';
import { StateShape } from '../../components/icons';
import { may } from '../../data/feed';
import { fromServer } from '../../i18n/server';
import { own } from './words';

interface LineProps {
  name: string;
  state: CameraStateName;
  text: string;
  more?: string;
}

/** A shape, what it is about, how it is. */
function Line({ name, state, text, more }: LineProps) {
  return (
    <li data-check={state}>
      <span class={`state ${state}`}>
        <StateShape state={state} />
      </span>
      <b>{name}</b>
      <span>{text}</span>
      {more && <span class="quiet">{more}</span>}
    </li>
  );
}

const CHECKED = ['store', 'pipelines', 'recorder', 'gateway'] as const;

/** Below there is more on a gateway that is well, for those who may read it. */
const isSaidBelow = (name: string, isWell: boolean) => name === 'gateway' && isWell && may('read metrics');

/** The sum of all checks. */
export function Verdict({ told }: { told: Readiness }) {
  const isReady = told.status === 'ready';
  return (
    <p class={isReady ? 'verdict state running' : 'verdict state failed'} role="status">
      <StateShape state={isReady ? 'running' : 'failed'} />
      {isReady ? own.value.ready : own.value.notReady}
    </p>
  );
}

export function Checks({ told }: { told: Readiness }) {
  return (
    <ul class="checks">
      {CHECKED.map((name) => {
        const isWell = told[name] === 'ok';
        if (isSaidBelow(name, isWell)) return null;
        // A server that is ready works on with what is wrong.
        const state = isWell ? 'running' : told.status === 'ready' ? 'connecting' : 'failed';
        const text = isWell ? own.value.well : fromServer(told[name]);
        return <Line key={name} name={own.value.checks[name]} state={state} text={text} />;
      })}
    </ul>
  );
}

const STATE_OF: Record<string, CameraStateName> = {
  healthy: 'running',
  degraded: 'connecting',
  unhealthy: 'failed',
  disabled: 'stopped',
};

export function GatewayChecks({ told }: { told: GatewayHealth }) {
  const { connections, rate_limiter: limits, event_processing: events, redis_async, redis_sync } = told;
  const { redis: breaker } = told.circuit_breaker;
  const named = (status: string) => own.value.gatewayStates[status] ?? status;
  // The two ways to Redis fail apart; the worse one is told.
  const order = ['unhealthy', 'degraded', 'healthy', 'disabled'];
  const redis =
    order.find((each) => each === redis_async.status || each === redis_sync.status) ?? redis_sync.status;
  const flow = [
    own.value.connected(connections.total, limits.capacity),
    own.value.waiting(events.queue_size),
    own.value.lostShare(events.drop_rate),
  ].join(' · ');
  const isSet = redis !== 'disabled';
  return (
    <ul class="checks">
      <Line
        name={own.value.checks.gateway}
        state={STATE_OF[told.status] ?? 'lost'}
        text={named(told.status)}
        more={flow}
      />
      <Line
        name={own.value.checks.redis}
        state={STATE_OF[redis] ?? 'lost'}
        text={named(redis)}
        {...(isSet ? { more: own.value.breaker(breaker.state, breaker.failures) } : {})}
      />
    </ul>
  );
}
