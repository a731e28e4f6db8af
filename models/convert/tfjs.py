"""Reads a TensorFlow.js graph model (`model.json` and its weight files) into an ONNX graph.

One function an operator, found by its name; what can be computed from constants is computed here. An operator that
is not known stops the conversion: a model that is nearly right is worse than none.
"""

import base64
import json
from pathlib import Path

import numpy as np
from onnx import TensorProto

from graph import Graph, Unsupported

ELEMENTS = {
    "DT_FLOAT": TensorProto.FLOAT,
    "DT_INT32": TensorProto.INT32,
    "DT_INT64": TensorProto.INT64,
    "DT_BOOL": TensorProto.BOOL,
}

# Operators that take and give the same tensors in both worlds.
SAME = {
    "Relu": "Relu",
    "Sigmoid": "Sigmoid",
    "Exp": "Exp",
    "Add": "Add",
    "AddV2": "Add",
    "Sub": "Sub",
    "Mul": "Mul",
    "RealDiv": "Div",
    "Maximum": "Max",
    "Minimum": "Min",
}

OPERATORS = {}
FOLDS = {}


def operator(*names):
    """Registers how an operator is written in ONNX: `(reader, node) -> tensor, or a list of tensors`."""

    def register(function):
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register


def fold(*names):
    """Registers how an operator is computed when all that it reads is constant: `(arrays) -> array`."""

    def register(function):
        FOLDS.update(dict.fromkeys(names, function))
        return function

    return register


class Node:
    """A node of the TensorFlow graph, with its attributes read out of their JSON clothes."""

    def __init__(self, spec):
        self.name = spec["name"]
        self.operator = spec["op"]
        self.inputs = [_tensor_name(name) for name in spec.get("input", []) if not name.startswith("^")]
        self._attributes = spec.get("attr", {})

    def text(self, key, default=""):
        value = self._attributes.get(key, {}).get("s")
        return default if value is None else base64.b64decode(value).decode()

    def number(self, key, default=0.0):
        return float(self._attributes.get(key, {}).get("f", default))

    def flag(self, key):
        return bool(self._attributes.get(key, {}).get("b", False))

    def numbers(self, key):
        return [int(value) for value in self._attributes.get(key, {}).get("list", {}).get("i", [])]

    def shape(self):
        return _sizes(self._attributes["shape"]["shape"])

    def element(self, key="dtype"):
        return ELEMENTS[self._attributes[key]["type"]]


class Reader:
    """Walks the nodes in the order of their dependencies and writes each into the graph."""

    def __init__(self, path):
        document = json.loads(Path(path).read_text())
        self.signature = document["signature"]
        self.nodes = {node.name: node for node in map(Node, document["modelTopology"]["node"])}
        self.graph = Graph(Path(path).stem)
        self._arrays = dict(_weights(document["weightsManifest"], Path(path).parent))
        self._tensors = {}

    def read(self, outputs):
        for node in self._in_order():
            self._write(node)
        for output in self.signature["outputs"].values():
            if outputs and output["name"].removesuffix(":0") not in outputs:
                continue
            tensor = self.tensor(_tensor_name(output["name"]))
            name = self.graph.fresh(output["name"].removesuffix(":0"))
            self.graph.output(name, tensor, _sizes(output["tensorShape"]), ELEMENTS[output["dtype"]])
        return self.graph.model()

    def array(self, name):
        """The value of a constant; an operator that needs one cannot take a computed tensor there."""
        if name not in self._arrays:
            raise Unsupported(f"{name} must be a constant")
        return self._arrays[name]

    def is_constant(self, name):
        return name in self._arrays

    def tensor(self, name):
        """The name in the ONNX graph of a TensorFlow tensor; a constant enters the graph when first asked for."""
        if name not in self._tensors:
            self._tensors[name] = self.graph.constant(self.array(name), name)
        return self._tensors[name]

    def tensors(self, names):
        return [self.tensor(name) for name in names]

    def only_reader(self, name):
        """The one node that reads a tensor, or None when there are several."""
        readers = [node for node in self.nodes.values() if name in node.inputs]
        return readers[0] if len(readers) == 1 else None

    def stand_for(self, name, tensor):
        """From here on, `name` is `tensor`."""
        self._tensors[name] = tensor

    def _write(self, node):
        if node.operator == "Const" or node.name in self._tensors:
            return
        if node.operator in FOLDS and all(map(self.is_constant, node.inputs)):
            self._arrays[node.name] = FOLDS[node.operator](*map(self.array, node.inputs))
            return
        if node.operator in SAME:
            results = self.graph.add(SAME[node.operator], self.tensors(node.inputs), node.name)
        elif node.operator in OPERATORS:
            results = OPERATORS[node.operator](self, node)
        else:
            raise Unsupported(f"operator {node.operator} of node {node.name}")
        for index, tensor in enumerate([results] if isinstance(results, str) else results):
            self._tensors[node.name if index == 0 else f"{node.name}:{index}"] = tensor

    def _in_order(self):
        """Every node after all that it reads. Iterative, because a network is deeper than Python's stack."""
        ordered, seen = [], set()
        for root in self.nodes:
            stack = [(root, False)]
            while stack:
                name, is_ready = stack.pop()
                if is_ready:
                    ordered.append(self.nodes[name])
                elif name not in seen:
                    seen.add(name)
                    stack.append((name, True))
                    stack.extend((source.split(":")[0], False) for source in self.nodes[name].inputs)
        return ordered


def convert(source, outputs):
    """Reads the model at `source` (its `model.json`), and of its outputs only `outputs` (all when there are none)."""
    return Reader(source).read(outputs)


def _tensor_name(name):
    """`a:0` and `a` are the same tensor."""
    return name.removesuffix(":0")


def _sizes(shape):
    return [int(axis["size"]) for axis in shape.get("dim", [])]


def _weights(manifest, folder):
    """Yields the name and value of every weight; the files are one long row of bytes, in the manifest's order."""
    for group in manifest:
        data = b"".join((folder / path).read_bytes() for path in group["paths"])
        offset = 0
        for weight in group["weights"]:
            quantization = weight.get("quantization", {})
            if quantization and quantization["dtype"] != "float16":
                raise Unsupported(f"weight {weight['name']} is quantized to {quantization['dtype']}")
            kind = np.dtype(quantization.get("dtype", weight["dtype"]))
            count = int(np.prod(weight["shape"]))
            yield weight["name"], np.frombuffer(data, kind, count, offset).reshape(weight["shape"])
            offset += count * kind.itemsize
        if offset != len(data):
            raise Unsupported(f"{len(data)} bytes of weights where {offset} were expected")


@fold("AddV2")
def _(left, right):
    return left + right


@fold("SparseToDense")
def _(indices, shape, values, default):
    dense = np.full(shape.astype(int), default)
    if indices.size:
        dense[tuple(indices.reshape(len(indices), -1).T)] = values
    return dense


@operator("Placeholder")
def _(reader, node):
    return reader.graph.input(node.name, node.shape(), node.element())


@operator("Identity")
def _(reader, node):
    return reader.tensor(node.inputs[0])


@operator("LeakyRelu")
def _(reader, node):
    return reader.graph.add(
        "LeakyRelu", reader.tensors(node.inputs), node.name, alpha=node.number("alpha", 0.2)
    )


@operator("Conv2D")
def _(reader, node):
    if node.text("data_format", "NHWC") != "NHWC" or node.text("padding") == "EXPLICIT":
        raise Unsupported(f"layout or padding of {node.name}")
    graph = reader.graph
    picture, weights = node.inputs
    kernel = reader.array(weights).transpose(3, 2, 0, 1)  # height, width, in, out -> out, in, height, width
    inputs = [graph.channels_first(reader.tensor(picture)), graph.constant(kernel, weights)]
    bias = _bias_after(reader, node)
    if bias:
        inputs.append(reader.tensor(bias.inputs[1]))
    result = graph.add(
        "Conv",
        inputs,
        node.name,
        kernel_shape=kernel.shape[2:],
        strides=node.numbers("strides")[1:3],
        dilations=node.numbers("dilations")[1:3],
        auto_pad=_auto_pad(node),
    )
    result = graph.channels_last(result)
    if bias:
        reader.stand_for(bias.name, result)
    return result


def _bias_after(reader, convolution):
    """The addition that adds one number a channel right after: ONNX has it inside of the convolution."""
    addition = reader.only_reader(convolution.name)
    if addition is None or addition.operator not in ("Add", "AddV2", "BiasAdd"):
        return None
    if addition.inputs[0] != convolution.name or not reader.is_constant(addition.inputs[1]):
        return None
    return addition if reader.array(addition.inputs[1]).ndim == 1 else None


def _auto_pad(node):
    return {"SAME": "SAME_UPPER", "VALID": "VALID"}[node.text("padding")]


@operator("MaxPool")
def _(reader, node):
    graph = reader.graph
    pooled = graph.add(
        "MaxPool",
        [graph.channels_first(reader.tensor(node.inputs[0]))],
        node.name,
        kernel_shape=node.numbers("ksize")[1:3],
        strides=node.numbers("strides")[1:3],
        auto_pad=_auto_pad(node),
    )
    return graph.channels_last(pooled)


@operator("Pad", "PadV2")
def _(reader, node):
    graph = reader.graph
    begins_then_ends = reader.array(node.inputs[1]).T.reshape(-1)
    inputs = [reader.tensor(node.inputs[0]), graph.int64(begins_then_ends, node.inputs[1])]
    if node.operator == "PadV2":
        inputs.append(graph.constant(reader.array(node.inputs[2]).astype(np.float32), node.inputs[2]))
    return graph.add("Pad", inputs, node.name)


@operator("ResizeBilinear")
def _(reader, node):
    graph = reader.graph
    picture = graph.channels_first(reader.tensor(node.inputs[0]))
    every_batch_and_channel = graph.add(
        "Slice", [graph.add("Shape", [picture]), graph.int64([0]), graph.int64([2])]
    )
    size = graph.int64(reader.array(node.inputs[1]))
    sizes = graph.add("Concat", [every_batch_and_channel, size], axis=0)
    if node.flag("align_corners"):
        mode = "align_corners"
    else:
        mode = "half_pixel" if node.flag("half_pixel_centers") else "asymmetric"
    resized = graph.add(
        "Resize", [picture, "", "", sizes], node.name, mode="linear", coordinate_transformation_mode=mode
    )
    return graph.channels_last(resized)


@operator("Transpose")
def _(reader, node):
    order = [int(axis) for axis in reader.array(node.inputs[1])]
    return reader.graph.add("Transpose", [reader.tensor(node.inputs[0])], node.name, perm=order)


@operator("Reshape")
def _(reader, node):
    shape = reader.graph.int64(reader.array(node.inputs[1]), f"{node.name}.shape")
    return reader.graph.add("Reshape", [reader.tensor(node.inputs[0]), shape], node.name)


@operator("ConcatV2")
def _(reader, node):
    *parts, axis = node.inputs
    return reader.graph.add("Concat", reader.tensors(parts), node.name, axis=int(reader.array(axis)))


@operator("SplitV")
def _(reader, node):
    whole, sizes, axis = node.inputs
    sizes = reader.array(sizes)
    return reader.graph.add_many(
        "Split",
        [reader.tensor(whole), reader.graph.int64(sizes, f"{node.name}.sizes")],
        len(sizes),
        node.name,
        axis=int(reader.array(axis)),
    )
