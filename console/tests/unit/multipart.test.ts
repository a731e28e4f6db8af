import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MultipartReader } from '../../src/video/multipart';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const part = (body: string) =>
  `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${body.length}\r\n\r\n${body}\r\n`;

test('pictures_come_out_whole_however_the_bytes_are_cut', () => {
  const bytes = new TextEncoder().encode(part('first') + part('with\r\n\r\na gap') + part('third'));
  for (let step = 1; step <= bytes.length; step += 1) {
    const reader = new MultipartReader();
    const seen: string[] = [];
    for (let at = 0; at < bytes.length; at += step) {
      seen.push(...reader.push(bytes.subarray(at, at + step)).map(text));
    }
    assert.deepEqual(seen, ['first', 'with\r\n\r\na gap', 'third'], `in steps of ${step}`);
  }
});

test('a_part_without_a_usable_length_is_refused', () => {
  for (const head of ['Content-Type: image/jpeg', 'Content-Length: x', 'Content-Length: 99999999999']) {
    const reader = new MultipartReader();
    assert.throws(() => reader.push(new TextEncoder().encode(`--frame\r\n${head}\r\n\r\n`)), /length/);
  }
});
