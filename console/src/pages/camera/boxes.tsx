// Boxes drawn here on the plain video, each on the very frame that it was seen in: video and boxes are painted onto one
// canvas in one go, so that no frame of the one is ever seen with the other's.

import { useEffect, useRef, useState } from 'preact/hooks';
import { Aligner } from '../../video/align';
import { trackColour } from '../../video/colours';
import { type DetectionFrame, listenToDetections } from '../../video/detections';

interface BoxesProps {
  camera: string;
  /** The plain video, once it plays. */
  video: HTMLVideoElement | undefined;
}

/** How old the newest record may be for boxes to be drawn from it. */
const FRESH_MS = 2000;

export function Boxes({ camera, video }: BoxesProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [isSure, setSure] = useState(false);
  useEffect(() => {
    if (!video || !canvas.current || !('requestVideoFrameCallback' in video)) return;
    return drawOn(canvas.current, video, camera, setSure);
  }, [camera, video]);
  return <canvas ref={canvas} class="boxes" data-sure={isSure} hidden={!video} />;
}

/** Draws each frame as it comes until the returned function is called. */
function drawOn(
  canvas: HTMLCanvasElement,
  video: HTMLVideoElement,
  camera: string,
  onSure: (isSure: boolean) => void,
): () => void {
  let aligner = new Aligner<DetectionFrame>();
  let stream = video.srcObject;
  let newestAt = 0;
  const stop = listenToDetections(camera, (frame) => {
    newestAt = performance.now();
    aligner.addFrame(Date.parse(frame.at), newestAt, frame);
  });
  let id = 0;
  const onFrame: VideoFrameRequestCallback = (now, { rtpTimestamp, receiveTime }) => {
    id = video.requestVideoFrameCallback(onFrame);
    if (video.srcObject !== stream) {
      // Another session has another clock.
      stream = video.srcObject;
      aligner = new Aligner();
    }
    let data: DetectionFrame | undefined;
    if (rtpTimestamp !== undefined) {
      aligner.addPicture(rtpTimestamp, receiveTime ?? now);
      data = performance.now() - newestAt < FRESH_MS ? aligner.dataOf(rtpTimestamp) : undefined;
    }
    paint(canvas, video, data);
    canvas.dataset.frame = data ? String(data.frame) : '';
    onSure(aligner.isSure);
  };
  id = video.requestVideoFrameCallback(onFrame);
  return () => {
    stop();
    video.cancelVideoFrameCallback(id);
  };
}

function paint(canvas: HTMLCanvasElement, video: HTMLVideoElement, data: DetectionFrame | undefined): void {
  const { videoWidth: width, videoHeight: height } = video;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pen = canvas.getContext('2d', { alpha: false });
  if (!pen) return;
  pen.drawImage(video, 0, 0, width, height);
  if (!data) return;
  const [sx, sy] = [width / data.width, height / data.height];
  const line = Math.max(2, Math.round(height / 270));
  pen.lineWidth = line;
  pen.font = `${Math.max(12, Math.round(height / 36))}px system-ui, sans-serif`;
  pen.textBaseline = 'bottom';
  for (const { track, box } of data.detections) {
    const [x, y, w, h] = [box[0] * sx, box[1] * sy, box[2] * sx, box[3] * sy];
    pen.strokeStyle = trackColour(track);
    pen.strokeRect(x, y, w, h);
    if (track === null) continue;
    const text = String(track);
    const room = pen.measureText(text).width + 6;
    const top = Math.max(y, height / 30);
    pen.fillStyle = 'rgb(15 17 19 / 0.8)';
    pen.fillRect(x, top - height / 32, room, height / 32);
    pen.fillStyle = trackColour(track);
    pen.fillText(text, x + 3, top);
  }
}
