"""A network in whole numbers: weights and what flows between the layers as 8 bits, which some processors multiply
several times as fast.

What range each tensor takes is not measured here but read (`NAME.ranges`, written by `calibrate.py`): a measurement
differs in the last bit from processor to processor, and the sha256 of the result would with it. What is left is
division and rounding, which are the same everywhere.

Every tensor that stays in whole numbers is followed by QuantizeLinear and DequantizeLinear; ONNX Runtime melts these
into the operators between them. The convolutions right before the outputs stay in floats: scores and sides of boxes
suffer most from rounding.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

# Operators that ONNX Runtime has in whole numbers; whatever else there is stays in floats.
QUANTISED = {"Conv", "LeakyRelu", "Concat", "Resize", "Add", "MaxPool"}
# Those that only choose or mix values of their first input: its range is theirs.
KEEPS_RANGE = {"MaxPool", "Resize"}
# A LeakyRelu makes a tenth of what is below zero, so there is no need to tell far values there apart: the range before
# it goes down to this share of how far it goes up. On pictures that the ranges were not measured on, the answers are a
# third nearer to the float network's than with the whole range, and scores no longer too low.
BELOW_ZERO = 0.5
# Folded into the operator behind it; a border of -infinity has no place in 8 bits.
PADDED = {"Conv": 0.0, "MaxPool": -np.inf}


def convert(source, arguments):
    """The model in the file `source`, with the ranges in the file that is the only argument."""
    (ranges,) = arguments
    with open(ranges, encoding="utf-8") as lines:
        rows = (line.split() for line in lines if line.strip() and not line.startswith("#"))
        known = {name: (float(low), float(high)) for name, low, high in rows}
    return quantised(simplified(onnx.load(source)), known)


def simplified(model):
    """The same network without what can be computed beforehand, paddings as attributes of what they are for."""
    model = shape_inference.infer_shapes(model, data_prop=True)
    shapes = {info.name: shape_of(info) for info in [*model.graph.value_info, *model.graph.input]}
    constants = {init.name: numpy_helper.to_array(init) for init in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        if node.op_type == "Shape" and None not in shapes.get(node.input[0], [None]):
            constants[node.output[0]] = np.array(shapes[node.input[0]], np.int64)
        elif all(name in constants or not name for name in node.input):
            values = {name: constants[name] for name in node.input if name}
            constants.update(zip(node.output, computed(node, values, model.opset_import)))
        else:
            nodes.append(node)
    nodes = fold_paddings(nodes, constants)
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        model.graph.name,
        model.graph.input,
        model.graph.output,
        [numpy_helper.from_array(value, name) for name, value in constants.items() if name in used],
    )
    return remade(graph, model)


def shape_of(info):
    return [dim.dim_value or None for dim in info.type.tensor_type.shape.dim]


def computed(node, values, opsets):
    inputs = [helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
              for name, value in values.items()]
    outputs = [helper.make_empty_tensor_value_info(name) for name in node.output]
    graph = helper.make_graph([node], "constant", inputs, outputs)
    return ReferenceEvaluator(helper.make_model(graph, opset_imports=opsets)).run(None, values)


def fold_paddings(nodes, constants):
    producers = {node.output[0]: node for node in nodes}
    users = [name for node in nodes for name in node.input]
    folded = []
    for node in nodes:
        pad = producers.get(node.input[0])
        if node.op_type in PADDED and pad is not None and pad.op_type == "Pad" and users.count(node.input[0]) == 1:
            amounts = constants[pad.input[1]].tolist()
            fill = float(constants[pad.input[2]]) if len(pad.input) > 2 else 0.0
            # The lowest float stands for -infinity in TensorFlow.
            is_lowest = node.op_type == "MaxPool" and fill <= np.finfo(np.float32).min
            if amounts[:2] + amounts[4:6] == [0] * 4 and (fill == PADDED[node.op_type] or is_lowest):
                attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute if a.name != "auto_pad"}
                attributes["pads"] = amounts[2:4] + amounts[6:8]
                inputs = [pad.input[0], *node.input[1:]]
                folded.remove(pad)
                node = helper.make_node(node.op_type, inputs, node.output, **attributes)
        folded.append(node)
    return folded


def remade(graph, model):
    remade = helper.make_model(graph, opset_imports=model.opset_import, producer_name="convert.py")
    remade.ir_version = model.ir_version
    return remade


def quantised_nodes(graph):
    """Which nodes work in whole numbers: those that can, but for the last convolution before every output."""
    producers = {output: node for node in graph.node for output in node.output}
    floats, open_names = [], [output.name for output in graph.output]
    while open_names:
        node = producers.get(open_names.pop())
        if node is not None and node not in floats:
            floats.append(node)
            if node.op_type != "Conv":
                open_names.extend(node.input)
    return [node for node in graph.node if node.op_type in QUANTISED and node not in floats]


def quantised_tensors(graph):
    """What flows into or out of such nodes, and is no constant; and of which tensor each has the range."""
    constants = {init.name for init in graph.initializer}
    ranges_of = {}
    for node in quantised_nodes(graph):
        inputs = node.input[:1] if node.op_type in ("Conv", "Resize") else node.input
        for name in [*inputs, *node.output]:
            if name not in constants:
                ranges_of.setdefault(name, name)
        if node.op_type in KEEPS_RANGE:
            ranges_of[node.output[0]] = ranges_of[node.input[0]]
    return ranges_of


def squashed(graph, ranges):
    """Tensors that only LeakyRelus read, with their ranges."""
    for name, (low, high) in ranges.items():
        users = {node.op_type for node in graph.node if name in node.input}
        if users == {"LeakyRelu"}:
            yield name, low, high


def quantised(model, ranges):
    graph = model.graph
    constants = {init.name: numpy_helper.to_array(init) for init in graph.initializer}
    ranges_of = quantised_tensors(graph)
    ranges = ranges | {name: (max(low, -high * BELOW_ZERO), high) for name, low, high in squashed(graph, ranges)}
    scales = {name: scale_and_zero(*ranges[of]) for name, of in ranges_of.items()}
    whole = quantised_nodes(graph)
    nodes = [part for info in graph.input if info.name in scales for part in rounding(info.name, scales, constants)]
    for node in graph.node:
        inputs = [f"{name}.whole" if name in scales else name for name in node.input]
        if node.op_type == "Conv" and node in whole:
            nodes.extend(weights(node, scales[node.input[0]][0], constants))
            inputs[1:] = [f"{node.output[0]}.{part}.whole" for part in ("weight", "bias")]
        changed = helper.make_node(node.op_type, inputs, node.output)
        changed.attribute.extend(node.attribute)
        nodes.append(changed)
        nodes.extend(part for name in node.output if name in scales for part in rounding(name, scales, constants))
    used = {name for node in nodes for name in node.input}
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items() if name in used]
    result = remade(helper.make_graph(nodes, graph.name, graph.input, graph.output, initializers), model)
    onnx.checker.check_model(result, full_check=True)
    return result


def scale_and_zero(low, high):
    """Step and zero of a range in 0..255; zero itself is always met exactly, as paddings need it."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = np.float32((high - low) / 255.0 or 1.0)
    return scale, np.uint8(np.rint(-low / float(scale)))


def rounding(name, scales, constants):
    scale, zero = scales[name]
    parts = [f"{name}.scale", f"{name}.zero"]
    constants.update(zip(parts, (np.array(scale), np.array(zero))))
    yield helper.make_node("QuantizeLinear", [name, *parts], [f"{name}.bytes"])
    yield helper.make_node("DequantizeLinear", [f"{name}.bytes", *parts], [f"{name}.whole"])


def weights(node, input_scale, constants):
    """Weight and bias of a convolution in whole numbers, a step for every channel it makes."""
    weight = constants[node.input[1]].astype(np.float64)
    bias = constants[node.input[2]].astype(np.float64)
    largest = np.abs(weight).reshape(len(weight), -1).max(axis=1)
    step = np.where(largest > 0, largest / 127, 1.0).astype(np.float32)
    whole = np.rint(weight / step.astype(np.float64).reshape(-1, 1, 1, 1)).clip(-127, 127).astype(np.int8)
    bias_step = (input_scale * step).astype(np.float32)
    whole_bias = np.rint(bias / bias_step.astype(np.float64)).clip(-(2**31), 2**31 - 1).astype(np.int32)
    for part, value, steps in (("weight", whole, step), ("bias", whole_bias, bias_step)):
        name = f"{node.output[0]}.{part}"
        zeros = np.zeros(len(steps), value.dtype)
        constants.update({f"{name}.bytes": value, f"{name}.scale": steps, f"{name}.zero": zeros})
        yield helper.make_node(
            "DequantizeLinear", [f"{name}.bytes", f"{name}.scale", f"{name}.zero"], [f"{name}.whole"], axis=0
        )
