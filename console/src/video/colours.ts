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

/** Black or white, whichever is easier to read on a colour (`#rrggbb`). */
export function inkOn(colour: string): '#000000' | '#ffffff' {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  // Here black and white have the same contrast, by WCAG 2.
  return light > Math.sqrt(1.05 * 0.05) - 0.05 ? '#000000' : '#ffffff';
}
