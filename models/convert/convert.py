"""Writes a model of another format as ONNX: `convert.py FORMAT SOURCE TARGET.onnx [OUTPUT...]`; or an ONNX model in whole
numbers: `convert.py int8 SOURCE TARGET.onnx RANGES`.

Needs what `requirements.txt` names and no TensorFlow. A further format is a further line in FORMATS.
"""

import sys

import onnx

import int8
import lite
import tfjs
from graph import Unsupported

FORMATS = {"tfjs": tfjs.convert, "tflite": lite.convert, "int8": int8.convert}


def main(arguments):
    if len(arguments) < 3 or arguments[0] not in FORMATS:
        print(f"usage: convert.py {'|'.join(FORMATS)} SOURCE TARGET.onnx [OUTPUT...|RANGES]", file=sys.stderr)
        return 2
    form, source, target, *rest = arguments
    try:
        model = FORMATS[form](source, rest)
    except Unsupported as error:
        print(f"convert.py: {source}: {error}", file=sys.stderr)
        return 1
    onnx.save(model, target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
