// The totem's picture as it comes back from the server, with what is seen drawn on the very frame it was seen in.

import { useEffect, useRef } from 'preact/hooks';
import { drawOn } from '../video/drawn';
import type { Film } from './transport';

interface OutlinedProps {
  film: Film;
  /** Shown as in a mirror. */
  isMirrored: boolean;
  /** What it shows, for screen readers. */
  label: string;
}

export function Outlined({ film, isMirrored, label }: OutlinedProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!canvas.current) return;
    const video = document.createElement('video');
    video.muted = true;
    video.playsInline = true;
    video.srcObject = film.stream;
    void video.play().catch(() => undefined);
    const stop = drawOn(canvas.current, video, film.listen, { isMirrored });
    return () => {
      stop();
      video.srcObject = null;
    };
  }, [film, isMirrored]);
  return <canvas ref={canvas} class="outlined" role="img" aria-label={label} />;
}
