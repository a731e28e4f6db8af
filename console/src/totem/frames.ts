// Takes pictures out of a running video, as small as the server wants them.

/** The longer side of a picture, in pixels. */
const LONGEST = 640;

/** Of the JPEG: people and clothes look the same to the server above it. */
const QUALITY = 0.8;

/** The size in which a picture is sent: its own shape, never larger than it is. */
export function sizeFor(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

export class Frames {
  private readonly canvas = document.createElement('canvas');
  private readonly pen = this.canvas.getContext('2d', { alpha: false });

  /** What `video` shows, as a data URL; nothing while it shows nothing. */
  async take(video: HTMLVideoElement, isMirrored: boolean): Promise<string | undefined> {
    const { canvas, pen } = this;
    if (!pen || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !video.videoWidth) return undefined;
    const { width, height } = sizeFor(video.videoWidth, video.videoHeight);
    // Setting a size clears the canvas, even to the same size.
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    pen.setTransform(isMirrored ? -1 : 1, 0, 0, 1, isMirrored ? width : 0, 0);
    pen.drawImage(video, 0, 0, width, height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', QUALITY));
    return blob ? dataUrl(blob) : undefined;
  }
}

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
