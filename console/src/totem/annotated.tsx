// The picture of an answer with what was seen drawn on it by the server, as soon as it is decoded.

import { useEffect, useRef } from 'preact/hooks';
import { type Box, pictureOf } from './message';
import type { Seen } from './transport';

interface AnnotatedProps {
  answer: Seen | undefined;
  /** What it shows, for screen readers. */
  label: string;
  /** Somebody whom the reader looks at in a list. */
  marked?: Box | undefined;
}

export function Annotated({ answer, label, marked }: AnnotatedProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<Painter | undefined>(undefined);
  useEffect(() => {
    if (!canvas.current) return;
    painter.current ??= new Painter(canvas.current);
    painter.current.show(answer, marked);
  }, [answer, marked]);
  return <canvas ref={canvas} role="img" aria-label={label} hidden={!answer?.annotated_image} />;
}

/** Pictures that come while one is decoded wait, and the newest is the next. */
class Painter {
  private wanted: [Seen, Box | undefined] | undefined;
  private isBusy = false;
  private shown: { answer: Seen; image: ImageBitmap } | undefined;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  show(answer: Seen | undefined, marked: Box | undefined): void {
    this.wanted = answer && [answer, marked];
    if (!this.isBusy) void this.work();
  }

  private async work(): Promise<void> {
    this.isBusy = true;
    while (this.wanted) {
      const [answer, marked] = this.wanted;
      this.wanted = undefined;
      try {
        this.paint(await this.decoded(answer), marked);
      } catch {
        // A broken picture is left out: the next one is on its way.
      }
    }
    this.isBusy = false;
  }

  private async decoded(answer: Seen): Promise<ImageBitmap | undefined> {
    if (this.shown?.answer === answer) return this.shown.image;
    if (!answer.annotated_image) return undefined;
    const image = await createImageBitmap(pictureOf(answer.annotated_image));
    this.shown?.image.close();
    this.shown = { answer, image };
    return image;
  }

  private paint(image: ImageBitmap | undefined, marked: Box | undefined): void {
    const { canvas } = this;
    const pen = canvas.getContext('2d', { alpha: false });
    if (!image || !pen) return;
    if (canvas.width !== image.width) canvas.width = image.width;
    if (canvas.height !== image.height) canvas.height = image.height;
    pen.drawImage(image, 0, 0);
    if (!marked) return;
    // White in black is seen on any picture, and no box of the server's looks like it.
    for (const [width, colour] of [
      [7, '#000'],
      [3, '#fff'],
    ] as const) {
      pen.lineWidth = width;
      pen.strokeStyle = colour;
      pen.strokeRect(...marked);
    }
  }
}
