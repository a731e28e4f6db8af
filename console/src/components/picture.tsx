// The live picture of one camera: whichever way it comes, without a dark gap when the way changes.

import { useEffect, useRef, useState } from 'preact/hooks';
import { viewQuery } from '../api';
import type { Playback, Player } from '../video/player';
import { acquire } from '../video/players';

interface PictureProps {
  camera: string;
  /** With boxes drawn on it. */
  drawn: boolean;
  /** Lines of the screen that it fills at most; absent: it is wanted as large as the camera has it. */
  lines?: number | undefined;
  /** False: nothing is asked of the server. */
  active: boolean;
  /** What a screen reader says. */
  label: string;
  onPlayback: (playback: Playback | undefined) => void;
  /** Told of the video that shows the picture, for those who draw on its frames. */
  onVideo?: ((video: HTMLVideoElement | undefined) => void) | undefined;
}

export function Picture({ active, label, ...layers }: PictureProps) {
  return (
    <div class="picture" role="img" aria-label={label}>
      {active && <Layers key={layers.camera} {...layers} />}
    </div>
  );
}

type LayersProps = Omit<PictureProps, 'active' | 'label'>;

/** While boxes or size are switched the old picture stays in place until the first frame of the new one is there. */
function Layers({ camera, drawn, lines, onPlayback, onVideo }: LayersProps) {
  const wanted = { query: viewQuery({ drawn, lines }), drawn };
  /** Of which there has been a frame. */
  const [shown, setShown] = useState<typeof wanted>();
  const isShown = shown?.query === wanted.query;
  const layers = shown && !isShown ? [shown, wanted] : [wanted];
  /** The server does not give what is wanted: that is told, whatever is still seen. */
  const [isRefused, setRefused] = useState(false);
  const told = isRefused ? wanted : layers[0];
  useLeave(() => {
    onPlayback(undefined);
    onVideo?.(undefined);
  });
  return layers.map((layer) => (
    <Layer
      key={layer.query}
      camera={camera}
      {...layer}
      onFrame={() => layer === wanted && !isShown && setShown(wanted)}
      onPlayback={(playback) => {
        if (layer.query === wanted.query) setRefused(playback?.phase === 'waiting');
        if (layer === told) onPlayback(playback);
      }}
      onVideo={layer === layers[0] ? onVideo : undefined}
    />
  ));
}

/** Calls the last `leave` when the component is taken away. */
function useLeave(leave: () => void): void {
  const last = useRef(leave);
  last.current = leave;
  useEffect(() => () => last.current(), []);
}

interface LayerProps {
  camera: string;
  query: string;
  drawn: boolean;
  onFrame: () => void;
  /** Absent, as `onVideo`, while another layer is seen. */
  onPlayback: ((playback: Playback | undefined) => void) | undefined;
  onVideo: ((video: HTMLVideoElement | undefined) => void) | undefined;
}

function Layer({ camera, query, drawn, onFrame, onPlayback, onVideo }: LayerProps) {
  const [player, setPlayer] = useState<Player>();
  useEffect(() => {
    const held = acquire(camera, query);
    setPlayer(held.player);
    return held.release;
  }, [camera, query]);

  const playback = player?.playback.value;
  useEffect(() => onPlayback?.(playback), [playback, onPlayback]);

  const canvas = useRef<HTMLCanvasElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [videoShows, setVideoShows] = useState(false);
  useEffect(() => onVideo?.((videoShows && video.current) || undefined), [onVideo, videoShows]);
  const frame = useRef(onFrame);
  frame.current = onFrame;

  useEffect(
    () =>
      player?.onPicture((picture) => {
        paint(canvas.current, picture, picture.width, picture.height);
        frame.current();
      }),
    [player],
  );

  const stream = playback?.stream;
  useEffect(() => {
    const element = video.current;
    if (!element || element.srcObject === (stream ?? null)) return;
    // The last frame stays on the canvas below until the new stream has its first; pictures are newer than it.
    if (stream && element.videoWidth > 0)
      paint(canvas.current, element, element.videoWidth, element.videoHeight);
    setVideoShows(false);
    element.srcObject = stream ?? null;
    if (!stream) return;
    void element.play().catch(() => undefined);
    return whenFrameShows(element, () => {
      setVideoShows(true);
      frame.current();
    });
  }, [stream]);

  return (
    <>
      <canvas ref={canvas} data-overlay={drawn} />
      <video
        ref={video}
        class={videoShows ? '' : 'waiting'}
        data-overlay={drawn}
        muted
        playsInline
        autoPlay
      />
    </>
  );
}

function paint(canvas: HTMLCanvasElement | null, image: CanvasImageSource, width: number, height: number) {
  if (!canvas) return;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.getContext('2d', { alpha: false })?.drawImage(image, 0, 0, width, height);
}

/** Calls back at the first frame on screen; the returned function forgets about it. */
function whenFrameShows(video: HTMLVideoElement, then: () => void): () => void {
  if ('requestVideoFrameCallback' in video) {
    const id = video.requestVideoFrameCallback(then);
    return () => video.cancelVideoFrameCallback(id);
  }
  const element = video as HTMLVideoElement;
  element.addEventListener('timeupdate', then, { once: true });
  return () => element.removeEventListener('timeupdate', then);
}
