// The areas of branches; `api/places` changes them.

import { all } from './http';

export interface Sector {
  id: number;
  branch_id: number;
  name: string;
}

/** Of one branch, or of all of them. */
export const listSectors = (branch?: number) => all<Sector>('/sectors', { branch_id: branch });
