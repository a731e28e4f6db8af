// Descriptions of pipelines, and what may be set of each.

import type { ParameterValue } from './cameras';
import { all, json } from './http';

/** A parameter of a pipeline: what may be set, and what it takes. */
export interface Parameter {
  name: string;
  type: 'bool' | 'int' | 'float' | 'string' | 'url' | 'path' | 'choice';
  /** The server's own words, in English. */
  description: string;
  required: boolean;
  /** Its value is never shown. */
  secret: boolean;
  default: ParameterValue | null;
  min: number | null;
  max: number | null;
  /** Of a choice its words, of a url the schemes it may have. */
  choices: string[];
}

export interface PipelineSummary {
  name: string;
  description: string;
}

export interface Pipeline extends PipelineSummary {
  launch: string;
  parameters: Parameter[];
}

export const listPipelines = () => all<PipelineSummary>('/pipelines');

export const getPipeline = (name: string, signal?: AbortSignal) =>
  json<Pipeline>(`/pipelines/${encodeURIComponent(name)}`, signal ? { signal } : {});
