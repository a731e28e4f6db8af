// Branches, their sectors, who serves these, and when shifts begin.

import { all, change, json, query, request, type Tagged, tagged } from './http';
import type { Sector } from './sectors';

/** What stands in the configuration file is changed there. */
export type ManagedBy = 'file' | 'api';

export interface BranchInput {
  id?: number;
  name: string;
  time_zone: string;
}

export interface BranchFull extends BranchInput {
  id: number;
  managed_by: ManagedBy;
}

export interface SectorInput {
  id?: number;
  branch_id: number;
  name: string;
}

export interface Assignment {
  /** The `sub` of their tokens. */
  user: string;
  branch_id: number;
  sector_ids: number[];
}

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof DAYS)[number];

export interface ScheduledShift {
  name: string;
  /** `06:00` by the clock of the branch. */
  start: string;
  days: Day[];
}

export interface Schedule {
  branch_id: number;
  time_zone: string;
  managed_by: ManagedBy;
  /** Its first start; null when it has always held. */
  from: string | null;
  shifts: ScheduledShift[];
}

export interface Shift {
  id: number;
  name: string;
  start: string;
  end: string;
}

/** A change that nobody waits for any longer may have been made all the same: it is given more time than a question. */
const CHANGE_WITHIN_MS = 20_000;

export const listBranches = () => all<BranchFull>('/branches');
export const getBranch = (id: number) => tagged<BranchFull>(`/branches/${id}`);
export const addBranch = (branch: BranchInput) =>
  json<BranchFull>('/branches', change('POST', branch), CHANGE_WITHIN_MS);
export const putBranch = (id: number, branch: BranchInput, etag?: string) =>
  tagged<BranchFull>(`/branches/${id}`, change('PUT', branch, etag), CHANGE_WITHIN_MS);
export const deleteBranch = (id: number, etag?: string) =>
  request(`/api/v1/branches/${id}`, change('DELETE', undefined, etag), CHANGE_WITHIN_MS);

export const getSector = (id: number) => tagged<Sector>(`/sectors/${id}`);
export const addSector = (sector: SectorInput) =>
  json<Sector>('/sectors', change('POST', sector), CHANGE_WITHIN_MS);
export const putSector = (id: number, sector: SectorInput, etag?: string) =>
  tagged<Sector>(`/sectors/${id}`, change('PUT', sector, etag), CHANGE_WITHIN_MS);
export const deleteSector = (id: number, etag?: string) =>
  request(`/api/v1/sectors/${id}`, change('DELETE', undefined, etag), CHANGE_WITHIN_MS);

export const listAssignments = (branch: number) =>
  all<Assignment>('/sectors/assignments', { branch_id: branch });
export const putAssignment = (assignment: Assignment) =>
  json<Assignment>('/sectors/assignments', change('PUT', assignment), CHANGE_WITHIN_MS);

export const getSchedule = (branch: number): Promise<Tagged<Schedule>> =>
  tagged<Schedule>(`/schedules/${branch}`);
export const putSchedule = (branch: number, shifts: readonly ScheduledShift[], etag?: string) =>
  tagged<Schedule>(`/schedules/${branch}`, change('PUT', { shifts }, etag), CHANGE_WITHIN_MS);
export const deleteSchedule = (branch: number, etag?: string) =>
  tagged<Schedule>(`/schedules/${branch}`, change('DELETE', undefined, etag), CHANGE_WITHIN_MS);

export const currentShift = (branch: number) => json<Shift>(`/shifts/current${query({ branch_id: branch })}`);
