// Runs beside the sound card and hands its samples to the page, some at a time. It is loaded as it stands here.

/** 43 ms at 48 kHz: often enough for a level that moves as one speaks. */
const SAMPLES = 2048;

class Microphone extends AudioWorkletProcessor {
  block = new Float32Array(SAMPLES);
  filled = 0;

  process([[samples] = []]) {
    for (const sample of samples ?? []) {
      this.block[this.filled] = sample;
      this.filled += 1;
      if (this.filled === SAMPLES) {
        this.port.postMessage(this.block, [this.block.buffer]);
        this.block = new Float32Array(SAMPLES);
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor('microphone', Microphone);
