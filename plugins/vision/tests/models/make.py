#!/usr/bin/env python3
"""Makes the toy models of the tests: they find one bright target on dark ground, and carry no trained weights.

    pip install onnx==1.23.2 numpy && python3 make.py

`blob.onnx` answers at once, `slow_blob.onnx` gives the same answer after about 120 ms of work on one core, and
`fragile_blob.onnx` fails on a frame without a target. All take f32 [1,3,240,320], 0..1, and give [1,1,6]: x1 y1 x2
y2 in pixels of the input, score, class. Those in `decoders/` give the same box in the form of a decoder each, two of
them with a second class that is never seen; `ssd_blob.onnx` takes u8 [1,240,320,3] and answers with classes in i64. After
a change, put the printed sums into the manifests beside the networks.
"""

import hashlib
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTH, HEIGHT = 320, 240
# The slow model's convolutions: each is SLOW_CHANNELS² · 9 · WIDTH/4 · HEIGHT/4 multiplications.
SLOW_CHANNELS, SLOW_LAYERS = 128, 10


class Graph:
    """Collects nodes and constants and names what lies between them."""

    def __init__(self):
        self.nodes, self.constants, self.outputs = [], [], []

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, operator, inputs, **attributes):
        output = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def rename(self, name, element, shape):
        """What was added last is an output of the network."""
        self.nodes[-1].output[0] = name
        self.outputs.append(helper.make_tensor_value_info(name, element, shape))


def extent(graph, brightness, axis, size, name):
    """First and last edge of the target along one axis: centre of mass of the profile ± half its sum."""
    profile = graph.add("ReduceMax", [brightness], axes=[5 - axis], keepdims=0)
    profile = graph.add("Reshape", [profile, graph.constant(f"{name}_shape", np.int64([1, 1, size]))])
    centres = graph.constant(f"{name}_centres", np.arange(size, dtype=np.float32) + 0.5)
    length = graph.add("ReduceSum", [profile, "last"], keepdims=1)
    moment = graph.add("ReduceSum", [graph.add("Mul", [profile, centres]), "last"], keepdims=1)
    centre = graph.add("Div", [moment, graph.add("Max", [length, "tiny"])])
    half = graph.add("Mul", [length, "one_half"])
    return graph.add("Sub", [centre, half]), graph.add("Add", [centre, half])


def dead_weight(graph):
    """Convolutions whose kernels are all zero, so that the sum is 0, which no optimiser can know beforehand."""
    quarter = graph.add("AveragePool", ["image"], kernel_shape=[4, 4], strides=[4, 4])
    value = numpy_helper.from_array(np.zeros(1, np.float32))
    channels = 3
    for layer in range(SLOW_LAYERS):
        shape = graph.constant(f"kernel_{layer}", np.int64([SLOW_CHANNELS, channels, 3, 3]))
        kernel = graph.add("ConstantOfShape", [shape], value=value)
        quarter = graph.add("Conv", [quarter, kernel], pads=[1, 1, 1, 1])
        channels = SLOW_CHANNELS
    return graph.add("ReduceMax", [quarter], axes=[1, 2, 3], keepdims=0)


def sides(graph, parts):
    """Centre and size, one above the other."""
    left, top, right, bottom = parts
    half = graph.constant("one_half_more", np.float32(0.5))
    middle = [graph.add("Mul", [graph.add("Add", pair), half]) for pair in ((left, right), (top, bottom))]
    return [*middle, graph.add("Sub", [right, left]), graph.add("Sub", [bottom, top])]


def yolov8(graph, parts, score):
    """[1,6,1]: centre, size, two classes."""
    return graph.add("Concat", [*sides(graph, parts), score, "none"], axis=1)


def yolov8_rows(graph, parts, score):
    """[1,1,6], as some converters turn it."""
    return graph.add("Transpose", [yolov8(graph, parts, score)], perm=[0, 2, 1])


def yolox(graph, parts, score):
    """[1,1580,7]: all in the first cell, which covers 8 pixels; the others are not sure of anything."""
    cells = sum(-(-WIDTH // stride) * -(-HEIGHT // stride) for stride in (8, 16, 32))
    stride = graph.constant("stride", np.float32(8))
    x, y, width, height = (graph.add("Div", [side, stride]) for side in sides(graph, parts))
    size = [graph.add("Log", [graph.add("Max", [side, "tiny"])]) for side in (width, height)]
    full = graph.constant("full", np.ones((1, 1, 1), np.float32))
    row = graph.add("Concat", [x, y, *size, score, full, "none"], axis=2)
    shape = graph.constant("others", np.int64([1, cells - 1, 7]))
    others = graph.add("ConstantOfShape", [shape], value=numpy_helper.from_array(np.zeros(1, np.float32)))
    return graph.add("Concat", [row, others], axis=1)


def ssd(graph, parts, score):
    """Boxes [1,1,4] as y1 x1 y2 x2 in fractions, scores [1,1], classes [1,1] counted from 1, how many [1]."""
    left, top, right, bottom = parts
    shape = graph.constant("flat", np.int64([1, 1]))
    rows = graph.add("Concat", [top, left, bottom, right], axis=2)
    graph.add("Div", [rows, graph.constant("sizes", np.float32([HEIGHT, WIDTH, HEIGHT, WIDTH]))])
    graph.rename("boxes", TensorProto.FLOAT, [1, 1, 4])
    graph.add("Reshape", [score, shape])
    graph.rename("scores", TensorProto.FLOAT, [1, 1])
    graph.add("Identity", [graph.constant("one_person", np.int64([[1]]))])
    graph.rename("classes", TensorProto.INT64, [1, 1])


FORMS = {
    "yolov8_blob": (yolov8, [1, 6, 1]),
    "yolov8_rows_blob": (yolov8_rows, [1, 1, 6]),
    "yolox_blob": (yolox, [1, 1580, 7]),
    "ssd_blob": (ssd, None),
}


def blob(kind):
    graph = Graph()
    picture = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH])
    image = "image"
    if kind == "ssd_blob":
        picture = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, HEIGHT, WIDTH, 3])
        image = graph.add("Transpose", [graph.add("Cast", ["image"], to=TensorProto.FLOAT)], perm=[0, 3, 1, 2])
        image = graph.add("Div", [image, graph.constant("white", np.float32(255))])
    graph.constant("tiny", np.float32(1e-6))
    graph.constant("one_half", np.float32(0.5))
    graph.constant("last", np.int64([2]))
    graph.constant("dark", np.float32(0.25))
    graph.constant("steepness", np.float32(2.0))
    graph.constant("zero", np.float32(0))
    graph.constant("one", np.float32(1))
    grey = graph.add("ReduceMean", [image], axes=[1], keepdims=1)
    above = graph.add("Mul", [graph.add("Sub", [grey, "dark"]), "steepness"])
    brightness = graph.add("Clip", [above, "zero", "one"])
    left, right = extent(graph, brightness, 3, WIDTH, "x")
    top, bottom = extent(graph, brightness, 2, HEIGHT, "y")
    peak = graph.add("ReduceMax", [brightness], axes=[2, 3], keepdims=0)
    score = graph.add("Reshape", [peak, graph.constant("score_shape", np.int64([1, 1, 1]))])
    if kind == "slow_blob":
        score = graph.add("Add", [score, dead_weight(graph)])
    label = graph.add("Mul", [score, "zero"])
    if kind == "fragile_blob":
        # Row 1 of a table of one row is asked for when nothing is bright, and that is an error at run time.
        nothing = graph.add("Cast", [graph.add("Less", [peak, "one_half"])], to=TensorProto.INT64)
        table = graph.constant("table", np.zeros((1,), np.float32))
        label = graph.add("Add", [label, graph.add("Reshape", [graph.add("Gather", [table, nothing]), "score_shape"])])
    if kind in FORMS:
        graph.constant("none", np.zeros((1, 1, 1), np.float32))
        form, shape = FORMS[kind]
        form(graph, (left, top, right, bottom), score)
        if shape:
            graph.rename("output", TensorProto.FLOAT, shape)
    else:
        graph.add("Concat", [left, top, right, bottom, score, label], axis=2)
        graph.rename("boxes", TensorProto.FLOAT, [1, 1, 6])
    model = helper.make_model(
        helper.make_graph(graph.nodes, kind, [picture], graph.outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", 13)],
        producer_name="make.py",
    )
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


if __name__ == "__main__":
    here = pathlib.Path(__file__).parent
    for kind in ("blob", "slow_blob", "fragile_blob", *FORMS):
        content = blob(kind).SerializeToString(deterministic=True)
        (here / ("decoders" if kind in FORMS else "") / f"{kind}.onnx").write_bytes(content)
        print(hashlib.sha256(content).hexdigest(), f"{kind}.onnx", len(content), "bytes")
