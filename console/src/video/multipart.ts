// Takes a `multipart/x-mixed-replace` body apart into JPEG files. Pure: bytes in, files out.

const CRLF2 = [13, 10, 13, 10];

/** A part larger than this is not a picture of ours. */
const MAX_PART_BYTES = 16 * 1024 * 1024;

export class MultipartReader {
  private bytes = new Uint8Array(0);

  /**
   * Adds what arrived and returns the pictures that are now whole, oldest first.
   *
   * @throws Error when a part has no usable length
   */
  push(chunk: Uint8Array): Uint8Array<ArrayBuffer>[] {
    const joined = new Uint8Array(this.bytes.length + chunk.length);
    joined.set(this.bytes);
    joined.set(chunk, this.bytes.length);
    const whole: Uint8Array<ArrayBuffer>[] = [];
    let at = 0;
    for (;;) {
      const head = indexOf(joined, CRLF2, at);
      if (head < 0) break;
      const start = head + CRLF2.length;
      const length = contentLength(joined.subarray(at, head));
      if (start + length > joined.length) break;
      whole.push(joined.slice(start, start + length));
      at = start + length;
    }
    this.bytes = joined.slice(at);
    if (this.bytes.length > MAX_PART_BYTES) throw new Error('a part of the video has no end');
    return whole;
  }
}

function contentLength(head: Uint8Array): number {
  const length = Number(/^content-length:\s*(\d+)\s*$/im.exec(new TextDecoder().decode(head))?.[1]);
  if (!(length <= MAX_PART_BYTES)) throw new Error('a part of the video has no usable length');
  return length;
}

function indexOf(bytes: Uint8Array, wanted: readonly number[], from: number): number {
  const first = wanted[0] ?? 0;
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (wanted.every((byte, offset) => bytes[at + offset] === byte)) return at;
  }
  return -1;
}
