"""An ONNX graph under construction, in the words the readers of other formats need.

TensorFlow keeps pictures as [batch, height, width, channels], ONNX as [batch, channels, height, width]. A reader
turns every tensor before and after such an operator; `Graph.model` then removes the turns that cancel out.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Opset 13 has every operator used here, and ONNX Runtime of any age since 2020 reads it.
OPSET = 13
IR_VERSION = 8

TO_CHANNELS_FIRST = [0, 3, 1, 2]
TO_CHANNELS_LAST = [0, 2, 3, 1]


class Unsupported(Exception):
    """The model holds something that its reader cannot write in ONNX."""


class Graph:
    """Collects nodes and constants; tensors are known by their names."""

    def __init__(self, name):
        self.name = name
        self.nodes = []
        self.initializers = []
        self.inputs = []
        self.outputs = []
        self._names = set()

    def fresh(self, hint):
        """A name that no tensor has yet, readable in a graph viewer."""
        name, serial = hint, 1
        while name in self._names:
            serial += 1
            name = f"{hint}_{serial}"
        self._names.add(name)
        return name

    def input(self, name, shape, element=TensorProto.FLOAT):
        self._names.add(name)
        self.inputs.append(helper.make_tensor_value_info(name, element, shape))
        return name

    def output(self, name, tensor, shape, element=TensorProto.FLOAT):
        """Declares `tensor` as a result called `name`."""
        self.nodes.append(helper.make_node("Identity", [tensor], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, element, shape))

    def constant(self, value, hint="constant"):
        """Adds a constant. Half floats stay half in the file (it halves its size) and are widened on load."""
        value = np.asarray(value, order="C")
        name = self.fresh(hint)
        if value.dtype != np.float16:
            self.initializers.append(numpy_helper.from_array(value, name))
            return name
        stored = self.fresh(f"{name}.half")
        self.initializers.append(numpy_helper.from_array(value, stored))
        self.nodes.append(helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT))
        return name

    def int64(self, values, hint="sizes"):
        return self.constant(np.asarray(values, np.int64), hint)

    def add(self, operator, inputs, hint=None, **attributes):
        """Adds a node with one result and names it."""
        return self.add_many(operator, inputs, 1, hint, **attributes)[0]

    def add_many(self, operator, inputs, count, hint=None, **attributes):
        """Adds a node with several results and names them."""
        results = [self.fresh(hint or operator.lower()) for _ in range(count)]
        self.nodes.append(helper.make_node(operator, inputs, results, **attributes))
        return results

    def channels_first(self, tensor):
        return self.add("Transpose", [tensor], f"{tensor}.nchw", perm=TO_CHANNELS_FIRST)

    def channels_last(self, tensor):
        return self.add("Transpose", [tensor], f"{tensor}.nhwc", perm=TO_CHANNELS_LAST)

    def model(self):
        """The finished model, cleaned and checked."""
        nodes = _drop_unused(_cancel_turns(self.nodes), {output.name for output in self.outputs})
        used = {name for node in nodes for name in node.input}
        constants = [constant for constant in self.initializers if constant.name in used]
        graph = helper.make_graph(nodes, self.name, self.inputs, self.outputs, constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="atalaya"
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def _cancel_turns(nodes):
    """Lets the reader of a turn that undoes the turn before it read what was there at first."""
    producer, stands_for = {}, {}
    for node in nodes:
        inputs = [stands_for.get(name, name) for name in node.input]
        del node.input[:]
        node.input.extend(inputs)
        producer[node.output[0]] = node
        before = producer.get(inputs[0]) if inputs else None
        if node.op_type != "Transpose" or before is None or before.op_type != "Transpose":
            continue
        first, second = _order(before), _order(node)
        if [first[axis] for axis in second] == list(range(len(first))):
            stands_for[node.output[0]] = before.input[0]
    return nodes


def _order(transpose):
    return list(helper.get_node_attr_value(transpose, "perm"))


def _drop_unused(nodes, wanted):
    """Keeps the nodes that something in `wanted` follows from."""
    kept, wanted = [], set(wanted)
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]
