// Pictures one by one over plain HTTP, for browsers and networks where WebRTC does not get through.

import { ApiError } from '../api';
import { pause } from '../backoff';
import { MultipartReader } from './multipart';

export type OnPicture = (picture: ImageBitmap) => void;

/**
 * A browser opens six connections to a server at most, and an endless answer holds one of them: past this many
 * streams the console's own questions would wait for ever, so further tiles show a still each second.
 */
const MAX_STREAMS = 3;
const STILL_EVERY_MS = 1000;
const SILENT_FOR_MS = 8000;

let streams = 0;

/** So often a still is shown before the stream is tried once more. */
const STILLS_INSTEAD = 60;

/**
 * Hands over pictures until the server ends them or `stop` fires. A browser that has nothing of an answer in parts
 * (WebKit) gets stills for a minute.
 *
 * @throws ApiError when the server refuses
 */
export async function playMjpeg(camera: string, query: string, onPicture: OnPicture, stop: AbortSignal) {
  const stills = `${camera}/snapshot.jpg${query}`;
  if (streams < MAX_STREAMS) {
    streams += 1;
    let isShown = false;
    const show: OnPicture = (picture) => {
      isShown = true;
      onPicture(picture);
    };
    try {
      await playStream(`${camera}/mjpeg${query}`, show, stop);
    } catch (error) {
      if (isShown || error instanceof ApiError) throw error;
    } finally {
      streams -= 1;
    }
    return isShown ? undefined : playStills(stills, onPicture, stop, STILLS_INSTEAD);
  }
  return playStills(stills, onPicture, stop);
}

async function playStream(url: string, onPicture: OnPicture, stop: AbortSignal): Promise<void> {
  const quit = new AbortController();
  const leave = () => quit.abort();
  stop.addEventListener('abort', leave);
  let alarm = setTimeout(leave, SILENT_FOR_MS);
  try {
    const reader = (await get(url, quit.signal)).body?.getReader();
    const parts = new MultipartReader();
    for (;;) {
      const read = await reader?.read();
      if (!read || read.done || quit.signal.aborted) return;
      const newest = parts.push(read.value).at(-1);
      if (!newest) continue;
      clearTimeout(alarm);
      alarm = setTimeout(leave, SILENT_FOR_MS);
      onPicture(await createImageBitmap(new Blob([newest], { type: 'image/jpeg' })));
    }
  } finally {
    clearTimeout(alarm);
    stop.removeEventListener('abort', leave);
    quit.abort();
  }
}

async function playStills(url: string, onPicture: OnPicture, stop: AbortSignal, most = Infinity) {
  for (let number = 0; number < most && !stop.aborted; number += 1) {
    onPicture(await createImageBitmap(await (await get(url, stop)).blob()));
    await pause(STILL_EVERY_MS, stop);
  }
}

async function get(url: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { credentials: 'same-origin', signal, cache: 'no-store' });
  if (!response.ok) throw new ApiError(response.status, `${response.status} ${response.statusText}`.trim());
  return response;
}
