// Figures out of `/metrics`: what its text says, and what two readings of it say together. Pure.

/** The figures that are shown, in their order. */
export const QUANTITIES = [
  'cpu',
  'memory',
  'framesIn',
  'framesAnalysed',
  'inference',
  'dropped',
  'received',
  'sent',
  'viewers',
  'clients',
  'events',
  'unsaved',
] as const;

export type Quantity = (typeof QUANTITIES)[number];

/** What was read at an instant, ms: the sum of each metric over all its labels. */
export interface Reading {
  at: number;
  sums: ReadonlyMap<string, number>;
}

/** A figure at an instant, ms. */
export interface Point {
  at: number;
  value: number;
}

const SAMPLE = /^([A-Za-z_:][\w:]*)(?:\{.*\})? (\S+)/;

/** Sums by name. Parts of histograms by bucket are left out: they are the text's greater part and nobody looks. */
export function sumsOf(text: string): Map<string, number> {
  const sums = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name = '', told = ''] = SAMPLE.exec(line) ?? [];
    const value = Number(told);
    if (!name || name.endsWith('_bucket') || !Number.isFinite(value)) continue;
    sums.set(name, (sums.get(name) ?? 0) + value);
  }
  return sums;
}

type Told = (now: Reading, before: Reading | undefined) => number | undefined;

const gauge =
  (name: string, unit = 1): Told =>
  ({ sums }) => {
    const value = sums.get(name);
    return value === undefined ? undefined : value / unit;
  };

/** How much a counter has grown; nothing when it began anew meanwhile, or a camera and its counts have gone. */
function growth(name: string, now: Reading, before: Reading | undefined): number | undefined {
  const [last, first] = [now.sums.get(name), before?.sums.get(name)];
  if (last === undefined || first === undefined || last < first) return undefined;
  return last - first;
}

const rate =
  (name: string, unit = 1): Told =>
  (now, before) => {
    const grown = growth(name, now, before);
    const seconds = before ? (now.at - before.at) / 1000 : 0;
    return grown === undefined || seconds <= 0 ? undefined : grown / seconds / unit;
  };

const MBIT = 1_000_000 / 8;

/** The mean of what was done between both readings, ms. */
const meanInference: Told = (now, before) => {
  const seconds = growth('atalaya_camera_inference_seconds_sum', now, before);
  const times = growth('atalaya_camera_inference_seconds_count', now, before);
  return seconds === undefined || !times ? undefined : (seconds * 1000) / times;
};

const TOLD: Record<Quantity, Told> = {
  cpu: rate('process_cpu_seconds_total'),
  memory: gauge('process_resident_memory_bytes', 1_000_000),
  framesIn: gauge('atalaya_camera_fps_in'),
  framesAnalysed: gauge('atalaya_camera_fps_analysed'),
  inference: meanInference,
  dropped: rate('atalaya_camera_frames_dropped_total'),
  received: rate('atalaya_camera_received_bytes_total', MBIT),
  sent: rate('atalaya_viewer_sent_bytes_total', MBIT),
  viewers: gauge('atalaya_camera_viewers'),
  clients: gauge('wsgateway_connections'),
  events: rate('wsgateway_events_processed_total'),
  unsaved: gauge('atalaya_recorder_waiting'),
};

/** One figure over all readings; those that do not tell it are left out. */
export function seriesOf(quantity: Quantity, readings: readonly Reading[]): Point[] {
  return readings.flatMap((now, index) => {
    const value = TOLD[quantity](now, readings[index - 1]);
    return value === undefined ? [] : [{ at: now.at, value }];
  });
}

/** As many readings as are kept: a quarter of an hour at one each five seconds. */
const KEPT = 180;

/** The readings with one more; from a new start of the server on, if it was started since. */
export function joined(readings: readonly Reading[], next: Reading): Reading[] {
  const startOf = (reading: Reading | undefined) => reading?.sums.get('process_start_time_seconds');
  const isAnew = startOf(readings.at(-1)) !== startOf(next);
  return isAnew ? [next] : [...readings.slice(1 - KEPT), next];
}

/** The line of a series in a box of `width` by `height`, as the points of an SVG polyline; its ground is zero. */
export function lineOf(points: readonly Point[], width: number, height: number): string {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || first === last) return '';
  const most = Math.max(...points.map(({ value }) => value)) || 1;
  const x = (at: number) => ((at - first.at) / (last.at - first.at)) * width;
  const y = (value: number) => height - (value / most) * height;
  return points.map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
}
