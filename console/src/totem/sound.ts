// The microphone: how loud it is at once, and sounds of a few seconds for the server.

import processor from './microphone.worklet.js';
import { Chunks, levelOf, RATE, Resampler } from './pcm';

/** Long enough to tell a voice from a door, and each is one row in the database. */
const SOUND_S = 3;

export interface Hearing {
  stop(): void;
}

/** Listens to the stream's sound; when that stops, its tracks do, too, and the browser shows that nobody listens. */
export async function listen(
  stream: MediaStream,
  onLevel: (level: number) => void,
  onSound: (samples: Int16Array, rate: number) => void,
): Promise<Hearing> {
  const context = new AudioContext();
  await context.audioWorklet.addModule(new URL(processor, import.meta.url));
  const node = new AudioWorkletNode(context, 'microphone', { numberOfOutputs: 0 });
  const [resampler, chunks] = [new Resampler(context.sampleRate), new Chunks(SOUND_S * RATE)];
  node.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
    onLevel(levelOf(data));
    for (const sound of chunks.take(resampler.take(data))) onSound(sound, RATE);
  };
  const tracks = stream.getAudioTracks();
  const microphone = context.createMediaStreamSource(new MediaStream(tracks));
  microphone.connect(node);
  // Without a tap on the page it waits for one; the start button was it, but not after a reload.
  const resume = () => void context.resume();
  window.addEventListener('pointerdown', resume);
  return {
    stop() {
      window.removeEventListener('pointerdown', resume);
      node.port.onmessage = null;
      microphone.disconnect();
      void context.close();
      for (const track of tracks) track.stop();
    },
  };
}
