// Boxes drawn here on the plain video of a camera.

import { useEffect, useRef, useState } from 'preact/hooks';
import { listenToDetections } from '../../video/detections';
import { canDrawOn, drawOn } from '../../video/drawn';

interface BoxesProps {
  camera: string;
  /** The plain video, once it plays. */
  video: HTMLVideoElement | undefined;
}

export function Boxes({ camera, video }: BoxesProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [isSure, setSure] = useState(false);
  useEffect(() => {
    if (!video || !canvas.current || !canDrawOn()) return;
    return drawOn(canvas.current, video, (onFrame) => listenToDetections(camera, onFrame), {
      onSure: setSure,
    });
  }, [camera, video]);
  return <canvas ref={canvas} class="boxes" data-sure={isSure} hidden={!video} />;
}
