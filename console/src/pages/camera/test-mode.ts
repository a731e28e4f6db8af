// Test mode: counts who crosses what is drawn, saved or not, while somebody watches.

import { useEffect, useRef, useState } from 'preact/hooks';
import { listenToDetections } from '../../video/detections';
import { Counter, type Tally } from './crossings';
import type { Editor } from './editor';
import type { Test } from './settings';
import type { Shape } from './shapes';

/** How long a line that was crossed lights up. */
const FLASH_MS = 700;

export function useTest(camera: string, editor: Editor): Test & { flashing: ReadonlySet<number> } {
  const [since, setSince] = useState<number>();
  const [tallies, setTallies] = useState<ReadonlyMap<number, Tally>>(new Map());
  const [flashing, setFlashing] = useState<ReadonlySet<number>>(new Set());
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>());
  useEffect(() => {
    if (since === undefined) return;
    const counter = new Counter();
    let known: readonly Shape[] = [];
    const flash = (key: number) => {
      setFlashing((before) => new Set(before).add(key));
      const timer = setTimeout(() => {
        timers.current.delete(timer);
        setFlashing((before) => new Set([...before].filter((other) => other !== key)));
      }, FLASH_MS);
      timers.current.add(timer);
    };
    const stop = listenToDetections(camera, (frame) => {
      const shapes = editor.shapes.peek();
      for (const shape of shapes) {
        const before = known.find(({ key }) => key === shape.key);
        if (before && before.points !== shape.points) counter.forget(shape.key);
      }
      known = shapes;
      for (const { key } of counter.see(frame, shapes)) flash(key);
      setTallies(new Map([...counter.tallies].map(([key, tally]) => [key, { ...tally }])));
    });
    return () => {
      stop();
      for (const timer of timers.current) clearTimeout(timer);
      setFlashing(new Set());
    };
  }, [camera, editor, since]);
  const toggle = () => {
    setTallies(new Map());
    setSince((before) => (before === undefined ? Date.now() : undefined));
  };
  return { since, tallies, flashing, toggle };
}
