// All cameras at once, each as large as the window allows.

import { useRef } from 'preact/hooks';
import type { Camera } from '../api';
import { arrange } from './arrange';
import { Tile } from './tile';
import { useSize } from './use';

export function Wall({ cameras }: { cameras: readonly Camera[] }) {
  const element = useRef<HTMLDivElement>(null);
  const size = useSize(element);
  const aspect = commonAspect(cameras);
  const layout = size && arrange(cameras.length, size, aspect);
  const style = { '--tile': `${layout?.tileWidth ?? 0}px`, '--aspect': String(aspect) };
  return (
    <div class="wall" ref={element} style={style}>
      {layout && cameras.map((camera) => <Tile key={camera.id} camera={camera} />)}
    </div>
  );
}

/** The shape that all pictures share, else 16:9 with bars: rows of unequal height are hard to scan. */
function commonAspect(cameras: readonly Camera[]): number {
  const shapes = cameras
    .map(({ status }) => status)
    .filter((status) => status.width > 0 && status.height > 0);
  const first = shapes[0];
  if (!first) return 16 / 9;
  const aspect = first.width / first.height;
  return shapes.every((shape) => Math.abs(shape.width / shape.height - aspect) < 0.02) ? aspect : 16 / 9;
}
