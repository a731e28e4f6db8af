// Boxes of what is seen, drawn upon a picture in the colours of their tracks.

import { inkOn, trackColour } from './colours';

interface Outlined {
  /** Null until it is confirmed. */
  track: number | null;
  /** `[x, y, width, height]` in pixels of the picture that it was seen in. */
  box: readonly [number, number, number, number];
}

/** Draws on all of `pen`'s canvas; `of` is the size of the picture that the boxes are in. */
export function outline(
  pen: CanvasRenderingContext2D,
  detections: readonly Outlined[],
  of: { width: number; height: number },
  isMirrored = false,
): void {
  const { width, height } = pen.canvas;
  const [sx, sy] = [width / of.width, height / of.height];
  pen.lineWidth = Math.max(2, Math.round(height / 270));
  pen.font = `${Math.max(12, Math.round(height / 36))}px system-ui, sans-serif`;
  pen.textBaseline = 'bottom';
  for (const { track, box } of detections) {
    const [left, y, w, h] = [box[0] * sx, box[1] * sy, box[2] * sx, box[3] * sy];
    const x = isMirrored ? width - left - w : left;
    pen.strokeStyle = trackColour(track);
    pen.strokeRect(x, y, w, h);
    if (track === null) continue;
    const text = String(track);
    const room = pen.measureText(text).width + 6;
    const top = Math.max(y, height / 30);
    pen.fillStyle = trackColour(track);
    pen.fillRect(x, top - height / 32, room, height / 32);
    pen.fillStyle = inkOn(trackColour(track));
    pen.fillText(text, x + 3, top);
  }
}
