// The colours of tracks: a fixed set that colour-blind people can tell apart, the same as the server draws with.

const TRACKS = [
  '#f2e556',
  '#9f75ff',
  '#e44986',
  '#15fffc',
  '#ff9800',
  '#0d94b6',
  '#b22900',
  '#22cf85',
  '#3359d6',
  '#a08205',
  '#b4b8ed',
  '#943298',
] as const;

/** What is not confirmed yet. */
const UNCONFIRMED = '#c8c8c8';

/** Tracks are numbered from 1. */
export const trackColour = (track: number | null): string =>
  track === null ? UNCONFIRMED : (TRACKS[(track - 1) % TRACKS.length] ?? UNCONFIRMED);
