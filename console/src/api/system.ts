// The server itself: how it does, what it runs, who may come in, who changed what.

import { all, answer, change, json, type List, page, refusal, request } from './http';

/** `ok`, or what is wrong in the server's words. */
export interface Readiness {
  status: string;
  store: string;
  pipelines: string;
  recorder: string;
  gateway: string;
}

interface RedisPool {
  /** `disabled` where no Redis is set. */
  status: string;
  pool_size: number;
}

export interface GatewayHealth {
  /** `healthy`, `degraded` or `unhealthy`. */
  status: string;
  redis_async: RedisPool;
  redis_sync: RedisPool;
  circuit_breaker: { redis: { state: string; failures: number } };
  connections: { total: number; by_endpoint: Record<string, number> };
  rate_limiter: { tracked_connections: number; capacity: number };
  event_processing: { queue_size: number; drop_rate: number };
}

export interface Node {
  /** New at each start. */
  id: string;
  /** Whether it is the one that answers. */
  this: boolean;
  host: string;
  version: string;
  started: string;
  seen: string;
  cameras: string[];
}

export interface Model {
  name: string;
  job: string;
  description: string;
  licence: string;
  labels: string[];
  /** How sure it has to be, 0 to 1. */
  score: number;
  loaded: boolean;
  device: string | null;
  inference_ms: number | null;
}

export interface Finding {
  /** From 1; null: it is about no line. */
  line: number | null;
  reason: string;
}

export interface Job {
  name: string;
  every: string;
  running: boolean;
  last: {
    node: string;
    started: string;
    ended: string | null;
    duration_ms: number | null;
    outcome: 'done' | 'failed' | null;
    detail: string | null;
  } | null;
  last_done: string | null;
  next: string;
}

export interface Token {
  id: string;
  /** Empty when it was made elsewhere and revoked by its name. */
  subject: string;
  roles: string[];
  /** Empty: all. */
  branch_ids: number[];
  sector_ids: number[];
  issued_by: string;
  issued_at: string | null;
  expires_at: string | null;
  revoked_at: string | null;
}

/** What a token is asked for. */
export interface TokenWish {
  subject: string;
  roles: string[];
  branch_ids: number[];
  sector_ids: number[];
  ttl: string;
}

export interface TableWish {
  branch_id: number;
  session_id: string;
  table_id: string | null;
  ttl: string;
}

export interface TableToken {
  token: string;
  session_id: string;
  expires_at: string;
}

/** A change that somebody made. */
export interface Change {
  at: string;
  branch_id: number | null;
  fields: string[];
  method: string;
  resource: string;
  roles: string[];
  status: number;
  subject: string;
  token_id: string | null;
  request_id: string;
}

/** 503 has the same body: it tells what is wrong. */
async function health<T>(path: string, signal: AbortSignal): Promise<T> {
  const told = await answer(path, { signal });
  if (!told.ok && told.status !== 503) throw await refusal(told);
  return (await told.json()) as T;
}

export const readiness = (signal: AbortSignal) => health<Readiness>('/readyz', signal);
export const gatewayHealth = (signal: AbortSignal) => health<GatewayHealth>('/ws/health/detailed', signal);

/** The figures of `/metrics` as they are told. */
export async function metricsText(signal: AbortSignal): Promise<string> {
  return (await request('/metrics', { signal })).text();
}

export const listNodes = () => all<Node>('/nodes');
export const listModels = () => all<Model>('/models');
/** The server builds what is described, which takes longer than reading an answer. */
const CHECK_WITHIN_MS = 20_000;

export async function checkPipeline(description: string, signal: AbortSignal): Promise<Finding[]> {
  const asked = { ...change('POST', { description }), signal };
  const told = await request('/api/v1/pipelines/check', asked, CHECK_WITHIN_MS);
  return ((await told.json()) as { findings: Finding[] }).findings;
}

export const listJobs = () => all<Job>('/jobs');
export const runJob = (name: string) =>
  json<Job>(`/jobs/${encodeURIComponent(name)}/run`, { method: 'POST' });

export const tokensPage = (of: { q?: string; revoked?: boolean; cursor?: string }): Promise<List<Token>> =>
  page<Token>('/tokens', of);
export const issueToken = (wish: TokenWish) =>
  json<Token & { token: string }>('/tokens', change('POST', wish));
export const issueTableToken = (wish: TableWish) => json<TableToken>('/tokens/tables', change('POST', wish));

export async function revokeToken(id: string): Promise<void> {
  await request(`/api/v1/tokens/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

export interface ChangeFilter {
  subject?: string;
  resource?: string;
  from?: string;
  to?: string;
}

export const changesPage = (of: ChangeFilter & { cursor?: string }): Promise<List<Change>> =>
  page<Change>('/audit', { ...of });
