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

/** Records come a moment before their pictures, as a rule; a picture waits for one that is late no longer than this. */
const HELD_MS = 300;
const MOST_HELD = 8;

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
  const held = new Held();
  const show = (picture: CanvasImageSource, data: DetectionFrame | undefined) => {
    paint(canvas, picture, video, data);
    canvas.dataset.frame = data ? String(data.frame) : '';
  };
  const stop = listenToDetections(camera, (frame) => {
    aligner.addFrame(Date.parse(frame.at), performance.now(), frame);
    const told = held.take((rtp) => aligner.dataOf(rtp));
    if (told) show(told.picture, told.data);
  });
  let id = 0;
  const onFrame: VideoFrameRequestCallback = (now, { rtpTimestamp, receiveTime }) => {
    id = video.requestVideoFrameCallback(onFrame);
    if (video.srcObject !== stream) {
      // Another session has another clock.
      stream = video.srcObject;
      aligner = new Aligner();
      held.clear();
    }
    if (rtpTimestamp !== undefined) aligner.addPicture(rtpTimestamp, receiveTime ?? now);
    onSure(aligner.isSure);
    const told = rtpTimestamp === undefined ? undefined : aligner.dataOf(rtpTimestamp);
    if (told === 'late' && rtpTimestamp !== undefined) {
      held.hold(rtpTimestamp, video, (picture) => show(picture, undefined));
    } else {
      held.clear();
      show(video, told === 'late' ? undefined : told?.data);
    }
  };
  id = video.requestVideoFrameCallback(onFrame);
  return () => {
    stop();
    held.clear();
    video.cancelVideoFrameCallback(id);
  };
}

interface Waiting {
  rtp: number;
  picture: HTMLCanvasElement;
  timer: ReturnType<typeof setTimeout>;
}

/** Pictures that came before what was seen on them: they wait for it, as long as nobody notices. */
class Held {
  private waiting: Waiting[] = [];
  /** Used before; each is as large as a picture, and there may be one a frame. */
  private spare: HTMLCanvasElement[] = [];

  hold(rtp: number, video: HTMLVideoElement, onTooLate: (picture: HTMLCanvasElement) => void): void {
    const [oldest] = this.waiting;
    if (oldest && this.waiting.length >= MOST_HELD) this.drop(oldest);
    const picture = this.spare.pop() ?? document.createElement('canvas');
    copy(video, picture, video);
    const one: Waiting = {
      rtp,
      picture,
      timer: setTimeout(() => {
        this.drop(one);
        onTooLate(picture);
      }, HELD_MS),
    };
    this.waiting.push(one);
  }

  /** The newest picture whose data has come, to be painted at once; older ones are not shown any more. */
  take(
    dataOf: (rtp: number) => { data: DetectionFrame } | 'late' | undefined,
  ): { picture: HTMLCanvasElement; data: DetectionFrame } | undefined {
    for (const one of [...this.waiting].reverse()) {
      const told = dataOf(one.rtp);
      if (!told || told === 'late') continue;
      this.drop(one);
      return { picture: one.picture, data: told.data };
    }
    return undefined;
  }

  clear(): void {
    const newest = this.waiting.at(-1);
    if (newest) this.drop(newest);
  }

  /** Takes out this one and all before it. */
  private drop(one: Waiting): void {
    const count = this.waiting.indexOf(one) + 1;
    for (const { timer, picture } of this.waiting.splice(0, count)) {
      clearTimeout(timer);
      this.spare.push(picture);
    }
  }
}

function copy(from: CanvasImageSource, to: HTMLCanvasElement, { videoWidth, videoHeight }: HTMLVideoElement) {
  if (to.width !== videoWidth) to.width = videoWidth;
  if (to.height !== videoHeight) to.height = videoHeight;
  const pen = to.getContext('2d', { alpha: false });
  pen?.drawImage(from, 0, 0, videoWidth, videoHeight);
  return pen;
}

function paint(
  canvas: HTMLCanvasElement,
  picture: CanvasImageSource,
  video: HTMLVideoElement,
  data: DetectionFrame | undefined,
): void {
  const pen = copy(picture, canvas, video);
  if (!pen || !data) return;
  const { width, height } = canvas;
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
