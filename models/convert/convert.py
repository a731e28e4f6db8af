"""Writes a model of another format as ONNX: `convert.py FORMAT SOURCE TARGET.onnx [OUTPUT...]`.

Needs what `requirements.txt` names and no TensorFlow. A further format is a further line in FORMATS.
"""

import sys

import onnx

import lite
import tfjs
from graph import Unsupported

FORMATS = {"tfjs": tfjs.convert, "tflite": lite.convert}


def main(arguments):
    if len(arguments) < 3 or arguments[0] not in FORMATS:
        print(f"usage: convert.py {'|'.join(FORMATS)} SOURCE TARGET.onnx [OUTPUT...]", file=sys.stderr)
        return 2
    form, source, target, *outputs = arguments
    try:
        model = FORMATS[form](source, outputs)
    except Unsupported as error:
        print(f"convert.py: {source}: {error}", file=sys.stderr)
        return 1
    onnx.save(model, target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
