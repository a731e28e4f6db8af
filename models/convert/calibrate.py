#!/usr/bin/env python3
"""Measures what range every tensor of a network takes, for `int8.py`: `calibrate.py MODEL.onnx PICTURE... >RANGES`.

Without pictures it prints the network's answers to the test picture instead, for `[check]` of the manifest. Run by hand
when a model is added, never by the set-up. Needs `opencv-python-headless` and `onnxruntime` besides `requirements.txt`.
The pictures must not be of what accuracy is measured on.
"""

import sys

import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import helper

import int8

# Of nanodet, in the order of its channels.
MEAN, STD = [103.53, 116.28, 123.675], [57.375, 57.12, 58.395]

# Numbers of each output that a manifest's `[check]` has.
SAMPLES = 16


def tensor(picture, side):
    """As the program prepares it: shrunk into a square, blue, green, red, normalised."""
    height, width = picture.shape[:2]
    scale = side / max(width, height)
    width, height = round(width * scale), round(height * scale)
    left, top = (side - width) // 2, (side - height) // 2
    square = np.zeros((side, side, 3), np.float32)
    square[top : top + height, left : left + width] = cv2.resize(
        picture, (width, height), interpolation=cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
    )
    return np.ascontiguousarray(((square - MEAN) / STD).transpose(2, 0, 1)[None], dtype=np.float32)


def test_picture(side):
    """The same that the program draws (`plugins/vision/src/engine/check.rs`)."""
    y, x = np.mgrid[0:side, 0:side]
    channels = [np.abs((x * (2 + channel) + y * 3) % 510 - 255) for channel in range(3)]
    return np.stack([(values - MEAN[c]) / STD[c] for c, values in enumerate(channels)])[None].astype(np.float32)


def print_answers(model, picture):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [output.name for output in model.graph.output]
    side = picture.type.tensor_type.shape.dim[2].dim_value
    for name, values in zip(names, session.run(names, {picture.name: test_picture(side)})):
        values = values.ravel()
        chosen = values[:: len(values) // SAMPLES][:SAMPLES]
        print(f"{name} = [{', '.join(f'{value:.4g}' for value in chosen)}]")


def print_ranges(model, picture, paths):
    names = [name for name, of in int8.quantised_tensors(model.graph).items() if name == of]
    inner = [name for name in names if name != picture.name]
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in inner)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    ranges = {name: (0.0, 0.0) for name in names}
    for path in paths:
        feed = tensor(cv2.imread(path), picture.type.tensor_type.shape.dim[2].dim_value)
        values = dict(zip(inner, session.run(inner, {picture.name: feed})), **{picture.name: feed})
        for name, value in values.items():
            low, high = ranges[name]
            ranges[name] = min(low, float(value.min())), max(high, float(value.max()))
    print("# Range of every tensor over the pictures of calibrate.py: name, lowest, highest. They are out of Debian's opencv-doc:")
    for path in paths:
        print(f"# {path}")
    for name in names:
        low, high = ranges[name]
        print(f"{name} {low:.4g} {high:.4g}")


def main(arguments):
    if not arguments:
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 2
    path, *pictures = arguments
    model = int8.simplified(onnx.load(path))
    (picture,) = model.graph.input
    if pictures:
        print_ranges(model, picture, pictures)
    else:
        print_answers(model, picture)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
