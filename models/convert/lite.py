"""Reads a TensorFlow Lite model (`.tflite`, float or half float weights) into an ONNX graph.

One function an operator, found by its name, as in `tfjs.py`; an operator that is not known stops the conversion. The
inputs and outputs keep their names, shapes and order of axes.
"""

from pathlib import Path

import numpy as np
import tflite

from graph import Graph, Unsupported

ELEMENTS = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
    tflite.TensorType.INT64: np.int64,
}

NAMES = {number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)}

OPERATORS = {}


def operator(*names):
    """Registers how an operator is written in ONNX: `(reader, node) -> tensor`."""

    def register(function):
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register


class Node:
    """An operator of the file: what it is called, what it reads and the one tensor that it makes."""

    def __init__(self, model, spec):
        code = model.OperatorCodes(spec.OpcodeIndex())
        # Files from before there were more than 127 operators only have the old field.
        self.operator = NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        self.inputs = [int(index) for index in spec.InputsAsNumpy() if index >= 0]
        self.output = int(spec.OutputsAsNumpy()[0])
        self._table = spec.BuiltinOptions()

    def options(self, kind):
        """The settings of the operator, of the class that belongs to it."""
        options = kind()
        options.Init(self._table.Bytes, self._table.Pos)
        return options


class Reader:
    """Walks the operators, which lie in the order of their dependencies, and writes each into the graph."""

    def __init__(self, path):
        self._model = tflite.Model.GetRootAsModel(Path(path).read_bytes(), 0)
        if self._model.SubgraphsLength() != 1:
            raise Unsupported("more than one graph in the file")
        self._file = self._model.Subgraphs(0)
        self.graph = Graph(Path(path).stem)
        self._arrays = {}
        self._tensors = {}

    def read(self, outputs):
        for index in self._file.InputsAsNumpy().tolist():
            self._tensors[index] = self.graph.input(self.name(index), self.shape(index))
        for number in range(self._file.OperatorsLength()):
            node = Node(self._model, self._file.Operators(number))
            tensor = self._write(node)
            if tensor is not None:
                self._tensors[node.output] = tensor
        there = {self.name(index): index for index in self._file.OutputsAsNumpy().tolist()}
        for name in outputs or there:
            if name not in there:
                raise Unsupported(f"no output {name}; there are: {', '.join(there)}")
            self.graph.output(name, self.tensor(there[name]), self.shape(there[name]))
        return self.graph.model()

    def name(self, index):
        return self._file.Tensors(index).Name().decode()

    def shape(self, index):
        sizes = self._file.Tensors(index).ShapeAsNumpy()
        return [] if isinstance(sizes, int) else sizes.tolist()  # A scalar's shape is read as 0.

    def array(self, index):
        """The value of a constant; an operator that needs one cannot take a computed tensor there."""
        array = self._constant(index)
        if array is None:
            raise Unsupported(f"{self.name(index)} must be a constant")
        return array

    def tensor(self, index):
        """The name in the ONNX graph of a tensor; a constant enters the graph when first asked for."""
        if index not in self._tensors:
            self._tensors[index] = self.graph.constant(self.array(index), self.name(index))
        return self._tensors[index]

    def activated(self, tensor, activation):
        """Adds the function that TensorFlow Lite lets ride on another operator."""
        kinds = tflite.ActivationFunctionType
        if activation == kinds.NONE:
            return tensor
        if activation == kinds.RELU:
            return self.graph.add("Relu", [tensor])
        if activation == kinds.RELU6:
            bounds = [self.graph.constant(np.float32(bound), "bound") for bound in (0, 6)]
            return self.graph.add("Clip", [tensor, *bounds])
        raise Unsupported(f"activation {activation}")

    def _write(self, node):
        if node.operator == "DEQUANTIZE" and self._constant(node.inputs[0]) is not None:
            # Half floats on their way to floats; the graph widens them itself.
            self._arrays[node.output] = self.array(node.inputs[0])
            return None
        if node.operator not in OPERATORS:
            raise Unsupported(f"operator {node.operator} of tensor {self.name(node.output)}")
        return OPERATORS[node.operator](self, node)

    def _constant(self, index):
        if index not in self._arrays:
            self._arrays[index] = self._stored(self._file.Tensors(index))
        return self._arrays[index]

    def _stored(self, tensor):
        data = self._model.Buffers(tensor.Buffer()).DataAsNumpy()
        if isinstance(data, int) or data.size == 0:
            return None
        if tensor.Sparsity() or tensor.Type() not in ELEMENTS:
            raise Unsupported(f"the way {tensor.Name().decode()} is stored")
        sizes = tensor.ShapeAsNumpy()
        return np.frombuffer(data.tobytes(), ELEMENTS[tensor.Type()]).reshape([] if isinstance(sizes, int) else sizes)


def convert(source, outputs):
    """Reads the model at `source`, and of its outputs only `outputs` (all when there are none)."""
    return Reader(source).read(outputs)


def _same_pads(sizes, kernel, strides, dilations):
    """What TensorFlow puts around a picture so that a step of 1 keeps its size: begins, then ends."""
    totals = [
        max((-(-size // stride) - 1) * stride + (reach - 1) * dilation + 1 - size, 0)
        for size, reach, stride, dilation in zip(sizes, kernel, strides, dilations)
    ]
    return [total // 2 for total in totals] + [total - total // 2 for total in totals]


def _pads(reader, node, options, kernel, dilations):
    if options.Padding() == tflite.Padding.VALID:
        return [0, 0, 0, 0]
    strides = [options.StrideH(), options.StrideW()]
    return _same_pads(reader.shape(node.inputs[0])[1:3], kernel, strides, dilations)


def _convolution(reader, node, options, kernel, group):
    graph = reader.graph
    picture, weights, *bias = node.inputs
    sides, dilations = list(kernel.shape[2:]), [options.DilationHFactor(), options.DilationWFactor()]
    convolved = graph.add(
        "Conv",
        [
            graph.channels_first(reader.tensor(picture)),
            graph.constant(kernel, reader.name(weights)),
            *map(reader.tensor, bias),
        ],
        kernel_shape=sides,
        strides=[options.StrideH(), options.StrideW()],
        dilations=dilations,
        pads=_pads(reader, node, options, sides, dilations),
        group=group,
    )
    return graph.channels_last(reader.activated(convolved, options.FusedActivationFunction()))


@operator("CONV_2D")
def _(reader, node):
    # out, height, width, in -> out, in, height, width
    kernel = reader.array(node.inputs[1]).transpose(0, 3, 1, 2)
    group = reader.shape(node.inputs[0])[3] // kernel.shape[1]
    return _convolution(reader, node, node.options(tflite.Conv2DOptions), kernel, group)


@operator("DEPTHWISE_CONV_2D")
def _(reader, node):
    # 1, height, width, out -> out, 1, height, width
    kernel = reader.array(node.inputs[1]).transpose(3, 0, 1, 2)
    group = reader.shape(node.inputs[0])[3]
    return _convolution(reader, node, node.options(tflite.DepthwiseConv2DOptions), kernel, group)


@operator("TRANSPOSE_CONV")
def _(reader, node):
    graph, options = reader.graph, node.options(tflite.TransposeConvOptions)
    _, weights, picture, *bias = node.inputs
    kernel = reader.array(weights).transpose(3, 0, 1, 2)  # out, height, width, in -> in, out, height, width
    strides, sides = [options.StrideH(), options.StrideW()], kernel.shape[2:]
    sizes, wanted = reader.shape(picture)[1:3], reader.shape(node.output)[1:3]
    # What the full result is larger than the wanted one is cut off; what it is smaller, added at the end.
    over = [(size - 1) * step + side - out for size, step, side, out in zip(sizes, strides, sides, wanted)]
    cut = [max(total, 0) for total in over]
    widened = graph.add(
        "ConvTranspose",
        [
            graph.channels_first(reader.tensor(picture)),
            graph.constant(kernel, reader.name(weights)),
            *map(reader.tensor, bias),
        ],
        kernel_shape=list(sides),
        strides=strides,
        pads=[total // 2 for total in cut] + [total - total // 2 for total in cut],
        output_padding=[max(-total, 0) for total in over],
    )
    return graph.channels_last(reader.activated(widened, options.FusedActivationFunction()))


@operator("MAX_POOL_2D")
def _(reader, node):
    graph, options = reader.graph, node.options(tflite.Pool2DOptions)
    sides = [options.FilterHeight(), options.FilterWidth()]
    pooled = graph.add(
        "MaxPool",
        [graph.channels_first(reader.tensor(node.inputs[0]))],
        kernel_shape=sides,
        strides=[options.StrideH(), options.StrideW()],
        pads=_pads(reader, node, options, sides, [1, 1]),
    )
    return graph.channels_last(reader.activated(pooled, options.FusedActivationFunction()))


@operator("RESIZE_BILINEAR")
def _(reader, node):
    options = node.options(tflite.ResizeBilinearOptions)
    return _resized(reader, node, _mode(options), mode="linear")


@operator("RESIZE_NEAREST_NEIGHBOR")
def _(reader, node):
    mode = _mode(node.options(tflite.ResizeNearestNeighborOptions))
    rounding = "floor" if mode == "asymmetric" else "round_prefer_ceil"
    return _resized(reader, node, mode, mode="nearest", nearest_mode=rounding)


def _mode(options):
    if options.AlignCorners():
        return "align_corners"
    return "half_pixel" if options.HalfPixelCenters() else "asymmetric"


def _resized(reader, node, coordinates, **attributes):
    graph = reader.graph
    batch, height, width, channels = reader.shape(node.output)
    picture = graph.channels_first(reader.tensor(node.inputs[0]))
    inputs = [picture, "", "", graph.int64([batch, channels, height, width])]
    return graph.channels_last(
        graph.add("Resize", inputs, coordinate_transformation_mode=coordinates, **attributes)
    )


@operator("ADD")
def _(reader, node):
    return _combined(reader, node, "Add", tflite.AddOptions)


@operator("MUL")
def _(reader, node):
    return _combined(reader, node, "Mul", tflite.MulOptions)


def _combined(reader, node, name, options):
    combined = reader.graph.add(name, [reader.tensor(index) for index in node.inputs])
    return reader.activated(combined, node.options(options).FusedActivationFunction())


@operator("LOGISTIC")
def _(reader, node):
    return reader.graph.add("Sigmoid", [reader.tensor(node.inputs[0])])


@operator("SOFTMAX")
def _(reader, node):
    if node.options(tflite.SoftmaxOptions).Beta() != 1:
        raise Unsupported(f"sharpened softmax of {reader.name(node.output)}")
    return reader.graph.add("Softmax", [reader.tensor(node.inputs[0])], axis=-1)


@operator("SUM")
def _(reader, node):
    keep = node.options(tflite.ReducerOptions).KeepDims()
    axes = reader.graph.int64(reader.array(node.inputs[1]).reshape(-1), "axes")
    return reader.graph.add("ReduceSum", [reader.tensor(node.inputs[0]), axes], keepdims=int(keep))


@operator("TRANSPOSE")
def _(reader, node):
    order = reader.array(node.inputs[1]).tolist()
    return reader.graph.add("Transpose", [reader.tensor(node.inputs[0])], perm=order)


@operator("RESHAPE")
def _(reader, node):
    shape = reader.graph.int64(reader.shape(node.output), "shape")
    return reader.graph.add("Reshape", [reader.tensor(node.inputs[0]), shape])


@operator("PAD")
def _(reader, node):
    begins_then_ends = reader.array(node.inputs[1]).T.reshape(-1)
    return reader.graph.add("Pad", [reader.tensor(node.inputs[0]), reader.graph.int64(begins_then_ends)])
