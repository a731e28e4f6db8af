// What a picture on a page shows: is it moving, and is anything drawn on it.

/** Whether the picture of a `<video>` or `<canvas>` changes within a second or so. */
export async function moves(locator) {
  const [first, second] = [await sample(locator), await sample(locator, 700)];
  let changed = 0;
  for (let at = 0; at < first.length; at += 1) {
    if (Math.abs(first[at] - second[at]) > 24) changed += 1;
  }
  return changed > first.length / 2000;
}

/** A small grey copy of the picture, after a while. */
function sample(locator, afterMs = 0) {
  return locator.evaluate(async (element, wait) => {
    await new Promise((resolve) => setTimeout(resolve, wait));
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [192, 144];
    const pen = canvas.getContext('2d');
    pen.drawImage(element, 0, 0, canvas.width, canvas.height);
    const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({ length: data.length / 4 }, (_, at) => data[at * 4 + 1]);
  }, afterMs);
}

/** Pixels of a strong colour, which boxes have and a dull afternoon has not; the mean of some frames. */
export function vividPixels(locator) {
  return locator.evaluate(async (video) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    const frames = 5;
    let vivid = 0;
    for (let frame = 0; frame < frames; frame += 1) {
      await new Promise((resolve, reject) => {
        video.requestVideoFrameCallback(resolve);
        setTimeout(() => reject(new Error('no frame within 10 s')), 10_000);
      });
      pen.drawImage(video, 0, 0);
      const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
      for (let at = 0; at < data.length; at += 4) {
        const [red, green, blue] = [data[at], data[at + 1], data[at + 2]];
        if (Math.max(red, green, blue) - Math.min(red, green, blue) > 110) vivid += 1;
      }
    }
    return Math.round(vivid / frames);
  });
}
