// All cameras at once, each as large as the window allows.

import { useRef } from 'preact/hooks';
import type { Camera } from '../api';
import { aspectOf } from '../data/facts';
import { arrange } from './arrange';
import { Tile } from './tile';
import { useSize } from './use';

export function Wall({ cameras }: { cameras: readonly Camera[] }) {
  const element = useRef<HTMLDivElement>(null);
  const size = useSize(element);
  const aspect = aspectOf(cameras);
  const layout = size && arrange(cameras.length, size, aspect);
  const lines = layout ? (layout.tileWidth / aspect) * window.devicePixelRatio : 0;
  return (
    <div class="wall" ref={element}>
      {layout && (
        <div
          class="tiles"
          style={{
            '--columns': String(layout.columns),
            '--tile': `${layout.tileWidth}px`,
            '--aspect': String(aspect),
          }}
        >
          {cameras.map((camera) => (
            <Tile key={camera.id} camera={camera} lines={lines} />
          ))}
        </div>
      )}
    </div>
  );
}
