// Sound as numbers, and what a browser's words about cameras mean.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CameraError, openDevices, troubleOf } from '../../src/totem/camera';
import { base64Of, Chunks, levelOf, RATE, Resampler } from '../../src/totem/pcm';

/** A second of a tone. */
function tone(hertz: number, rate: number): Float32Array {
  return Float32Array.from({ length: rate }, (_, at) => Math.sin((2 * Math.PI * hertz * at) / rate));
}

test('a_tone_keeps_its_length_and_loudness_at_any_rate', () => {
  for (const rate of [16_000, 44_100, 48_000]) {
    const [whole, resampler] = [tone(440, rate), new Resampler(rate)];
    const made: number[] = [];
    // Blocks of any length: nothing is lost between them.
    for (let at = 0; at < whole.length; at += 1000)
      made.push(...resampler.take(whole.subarray(at, at + 1000)));
    assert.ok(Math.abs(made.length - RATE) <= 1, `${rate}: ${made.length}`);
    const power = made.reduce((sum, sample) => sum + sample * sample, 0) / made.length;
    assert.ok(Math.abs(power - 0.5) < 0.02, `${rate}: ${power}`);
  }
});

test('tones_that_cannot_be_told_at_the_lower_rate_are_kept_out', () => {
  const made = new Resampler(48_000).take(tone(16_000, 48_000));
  assert.ok(levelOf(made) < 0.5, `${levelOf(made)}`);
});

test('sounds_are_of_one_length_and_never_wrap_around', () => {
  const chunks = new Chunks(4);
  assert.deepEqual(chunks.take(Float32Array.of(0, 1, -1)), []);
  const [sound, ...others] = chunks.take(Float32Array.of(2, -2));
  assert.deepEqual([...(sound ?? [])], [0, 0x7fff, -0x7fff, 0x7fff]);
  assert.deepEqual(others, []);
});

test('levels_go_from_silence_to_the_loudest', () => {
  assert.equal(levelOf(new Float32Array(100)), 0);
  assert.ok(Math.abs(levelOf(new Float32Array(100).fill(1)) - 1) < 1e-6);
  const half = levelOf(new Float32Array(100).fill(10 ** (-30 / 20)));
  assert.ok(Math.abs(half - 0.5) < 1e-3, `${half}`);
});

test('samples_in_base64_are_low_byte_first', () => {
  assert.equal(base64Of(Int16Array.of(1, -2)), 'AQD+/w==');
  const long = new Int16Array(50_000).fill(7);
  assert.equal(Buffer.from(base64Of(long), 'base64').readInt16LE(99_998), 7);
});

test('what_a_browser_says_of_a_camera_is_told_apart', () => {
  const said = ['NotAllowedError', 'NotFoundError', 'NotReadableError', 'SecurityError', 'WeirdError'];
  assert.deepEqual(
    said.map((name) => troubleOf(new DOMException('', name))),
    ['denied', 'missing', 'busy', 'insecure', 'failed'],
  );
  assert.equal(troubleOf('?'), 'failed');
});

/** A page whose browser answers `getUserMedia` by `ask`. */
async function withBrowser<T>(
  { isSecure = true, ask }: { isSecure?: boolean; ask?: (wanted: MediaStreamConstraints) => unknown },
  work: () => Promise<T>,
): Promise<T> {
  const mediaDevices = ask && { getUserMedia: async (wanted: MediaStreamConstraints) => ask(wanted) };
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { mediaDevices }, configurable: true });
  Object.assign(globalThis, { window: { isSecureContext: isSecure } });
  try {
    return await work();
  } finally {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    Reflect.deleteProperty(globalThis, 'window');
  }
}

const refuse = (name: string) => {
  throw new DOMException('', name);
};

test('without_a_microphone_there_is_still_a_picture', async () => {
  for (const [name, sound] of [
    ['NotAllowedError', 'denied'],
    ['NotFoundError', 'missing'],
  ] as const) {
    const ask = (wanted: MediaStreamConstraints) => (wanted.audio ? refuse(name) : 'picture');
    const opened = await withBrowser({ ask }, () => openDevices({ facing: 'user' }, true));
    assert.deepEqual(opened, { stream: 'picture', sound });
  }
});

test('without_a_camera_the_reason_is_told', async () => {
  const trouble = async (browser: Parameters<typeof withBrowser>[0]) => {
    const error = await withBrowser(browser, () => openDevices({ facing: 'user' }, true)).catch((e) => e);
    return error instanceof CameraError && error.trouble;
  };
  assert.equal(await trouble({ isSecure: false }), 'insecure');
  assert.equal(await trouble({}), 'unsupported');
  assert.equal(await trouble({ ask: () => refuse('NotAllowedError') }), 'denied');
  assert.equal(await trouble({ ask: () => refuse('NotReadableError') }), 'busy');
});
