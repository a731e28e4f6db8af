// What is chosen on this page stands in its address, so that it can be sent to somebody.

import { effect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { branch } from '../../data/branches';
import { branchWanted, setBranch } from '../../prefs';
import { href, replace, route } from '../../routes';
import { ALL_GROUPS, type Filter } from './kinds';

export function chosen(): Filter {
  const { query } = route.value;
  return {
    group: ALL_GROUPS.find((group) => group === query.get('kind')),
    branch: branch.value?.id,
    sector: Number(query.get('sector')) || undefined,
    camera: query.get('camera') ?? undefined,
  };
}

export function choose(change: Partial<Record<'kind' | 'sector' | 'camera', string | number | undefined>>) {
  const now = Object.fromEntries(route.peek().query);
  replace(href('events', [], { ...now, branch: branchWanted.peek(), ...change }));
}

/** The frame's choice of a branch goes into the address; one that comes with an address becomes the frame's. */
export function useBranchInAddress(): void {
  useEffect(() => {
    const told = Number(route.peek().query.get('branch')) || undefined;
    if (told) setBranch(told);
    return effect(() => {
      const wanted = branchWanted.value;
      const isThere = route.peek().page === 'events';
      if (isThere && (Number(route.peek().query.get('branch')) || undefined) !== wanted) {
        choose({ sector: undefined, camera: undefined });
      }
    });
  }, []);
  const told = Number(route.value.query.get('branch')) || undefined;
  useEffect(() => {
    // Somebody opened another address of this page.
    if (told) setBranch(told);
  }, [told]);
}
