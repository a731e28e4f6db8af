// What a change of the log was. Pure.

import type { Change } from '../../api/system';

/** What can be done to a thing besides making, changing and deleting it: the last part of its path then. */
const DEEDS: ReadonlySet<string> = new Set(['start', 'stop', 'restart', 'run']);

/** `POST` and its like, or what was done to a thing; and the thing: `restart`, `cameras/hall`. */
export function deedOf({
  method,
  resource,
}: Pick<Change, 'method' | 'resource'>): [verb: string, thing: string] {
  const [, thing, deed] = /^([^/]+\/.+)\/([a-z]+)$/.exec(resource) ?? [];
  return method === 'POST' && thing && deed && DEEDS.has(deed) ? [deed, thing] : [method, resource];
}
