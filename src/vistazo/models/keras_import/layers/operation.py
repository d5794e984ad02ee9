"""Operations on every element, on pairs of elements, and products of matrices."""

from __future__ import annotations

from vistazo.models.keras_import.elementwise import broadcast, combine, combine_all
from vistazo.models.keras_import.layers.activation import activate
from vistazo.models.keras_import.layers.merge import join
from vistazo.models.keras_import.layers.operands import as_operand, binary_operands
from vistazo.models.keras_import.operations import function_name, operation
from vistazo.models.keras_import.registry import LayerCall
from vistazo.models.keras_import.value import DType, Shape, Value

_UNARY = {
    "Abs": "Abs",
    "Absolute": "Abs",
    "Ceil": "Ceil",
    "Cos": "Cos",
    "Erf": "Erf",
    "Exp": "Exp",
    "Floor": "Floor",
    "Log": "Log",
    "Negative": "Neg",
    "Reciprocal": "Reciprocal",
    "Round": "Round",
    "Sign": "Sign",
    "Sin": "Sin",
    "Sqrt": "Sqrt",
    "math.abs": "Abs",
    "math.ceil": "Ceil",
    "math.cos": "Cos",
    "math.erf": "Erf",
    "math.exp": "Exp",
    "math.floor": "Floor",
    "math.log": "Log",
    "math.negative": "Neg",
    "__operators__.neg": "Neg",
    "math.reciprocal": "Reciprocal",
    "math.round": "Round",
    "math.sign": "Sign",
    "math.sin": "Sin",
    "math.sqrt": "Sqrt",
}
_BINARY = {
    "Divide": "Div",
    "TrueDivide": "Div",
    "Power": "Pow",
    "math.add": "Add",
    "__operators__.add": "Add",
    "math.subtract": "Sub",
    "__operators__.sub": "Sub",
    "math.multiply": "Mul",
    "__operators__.mul": "Mul",
    "math.scalar_mul": "Mul",
    "math.truediv": "Div",
    "math.divide": "Div",
    "realdiv": "Div",
    "math.divide_no_nan": "Div",
    "math.pow": "Pow",
    "math.maximum": "Max",
    "math.minimum": "Min",
    "nn.bias_add": "Add",
}
_COMPARISONS = {
    "Greater": "Greater",
    "GreaterEqual": "GreaterOrEqual",
    "Less": "Less",
    "LessEqual": "LessOrEqual",
    "math.greater": "Greater",
    "math.greater_equal": "GreaterOrEqual",
    "math.less": "Less",
    "math.less_equal": "LessOrEqual",
}
_ACTIVATIONS = {
    "nn.relu": "relu",
    "nn.relu6": "relu6",
    "nn.elu": "elu",
    "nn.selu": "selu",
    "nn.gelu": "gelu",
    "nn.silu": "silu",
    "nn.swish": "silu",
    "nn.leaky_relu": "leaky_relu",
    "math.sigmoid": "sigmoid",
    "nn.sigmoid": "sigmoid",
    "math.log_sigmoid": "log_sigmoid",
    "math.tanh": "tanh",
    "nn.tanh": "tanh",
    "math.softplus": "softplus",
    "nn.softplus": "softplus",
    "nn.softsign": "softsign",
    "nn.softmax": "softmax",
    "nn.log_softmax": "log_softmax",
}
_IDENTITIES = "identity stop_gradient nn.dropout ensure_shape convert_to_tensor"


@operation(*(n for n in _UNARY if n[0].isupper()), tf=" ".join(_UNARY))
def unary(call: LayerCall) -> Value:
    """keras.ops and tf.math functions of one number; rounding is half to even in all three."""
    value = call.input
    return call.graph.like(value, call.graph.op(_UNARY[function_name(call)], value.name))


@operation("Square", tf="math.square")
def square(call: LayerCall) -> Value:
    """``x * x``."""
    value = call.input
    return call.graph.like(value, call.graph.op("Mul", value.name, value.name))


@operation("Rsqrt", tf="math.rsqrt")
def rsqrt(call: LayerCall) -> Value:
    """``1 / sqrt(x)``."""
    value, graph = call.input, call.graph
    return graph.like(value, graph.op("Reciprocal", graph.op("Sqrt", value.name)))


@operation("SquaredDifference", tf="math.squared_difference")
def squared_difference(call: LayerCall) -> Value:
    """``(x - y)^2``."""
    difference = combine(call.graph, "Sub", *binary_operands(call))
    return combine(call.graph, "Mul", difference, difference)


@operation(*(n for n in _BINARY if n[0].isupper()), tf=" ".join(_BINARY))
def binary(call: LayerCall) -> Value:
    """keras.ops and tf.math functions of two numbers, broadcast."""
    return combine(call.graph, _BINARY[function_name(call)], *binary_operands(call))


@operation(*(n for n in _COMPARISONS if n[0].isupper()), tf=" ".join(_COMPARISONS))
def comparison(call: LayerCall) -> Value:
    """True or false for every pair."""
    op_type = _COMPARISONS[function_name(call)]
    return combine(call.graph, op_type, *binary_operands(call), dtype="bool")


@operation("Cast", "SaturateCast", tf="cast saturate_cast")
def cast(call: LayerCall) -> Value:
    """Between kinds of float nothing happens: all is computed in float32."""
    value, wanted = call.input, str(call.argument("dtype", 1))
    kind: DType = "float32" if "float" in wanted else "int64" if "int" in wanted else "bool"
    if kind == value.dtype:
        return value
    code = {"float32": 1, "int64": 7, "bool": 9}[kind]
    name = call.graph.op("Cast", value.name, to=code)
    like = call.graph.like(value, name)
    return Value(name, like.shape, like.moved, like.channel_axis, dtype=kind, parents=(value,))


@operation("Clip", tf="clip_by_value")
def clip(call: LayerCall) -> Value:
    """keras.ops.clip and tf.clip_by_value."""
    value, graph = call.input, call.graph
    low = call.argument("x_min", 1, call.kwargs.get("clip_value_min"))
    high = call.argument("x_max", 2, call.kwargs.get("clip_value_max"))
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        raise call.refusal("it clips to something else than numbers")
    return graph.like(value, graph.op("Clip", value.name, graph.floats(low), graph.floats(high)))


@operation(tf=" ".join(_ACTIVATIONS))
def tensorflow_activation(call: LayerCall) -> Value:
    """The functions of ``tf.nn`` that are activations."""
    return activate(call, call.input, _ACTIVATIONS[function_name(call)], call.options)


@operation("ConvertToTensor", "Copy", tf=_IDENTITIES)
def unchanged(call: LayerCall) -> Value:
    """Functions that hand on what they are given, at inference."""
    return call.input


@operation("ConcatenateV2", tf="concat")
def concat(call: LayerCall) -> Value:
    """tf.concat."""
    axis = call.argument("axis", 1, 0)
    if not isinstance(axis, int):
        raise call.refusal("its axis is not a number")
    return join(call, call.inputs, axis)


@operation(tf="math.add_n")
def add_n(call: LayerCall) -> Value:
    """The sum of several tensors."""
    return combine_all(call.graph, "Add", call.inputs)


@operation("Where", tf="where")
def where(call: LayerCall) -> Value:
    """``x1`` where the condition holds, else ``x2``."""
    condition = call.argument("condition", 0)
    first = call.argument("x1", 1, call.kwargs.get("x"))
    second = call.argument("x2", 2, call.kwargs.get("y"))
    if not isinstance(condition, Value):
        raise call.refusal("its condition is a constant")
    graph = call.graph
    operands = [as_operand(call, item) for item in (first, second)]
    names = [graph.plain(x) if isinstance(x, Value) else graph.floats(x) for x in operands]
    shapes: list[Shape] = [x.shape for x in (condition, *operands) if hasattr(x, "shape")]
    parents = [x for x in (condition, *operands) if isinstance(x, Value)]
    name = graph.op("Where", graph.plain(condition), *names)
    return graph.value(name, broadcast(shapes), *parents)


@operation("Matmul", tf="linalg.matmul")
def matmul(call: LayerCall) -> Value:
    """keras.ops.matmul and tf.matmul, with their transpositions."""
    left, right = binary_operands(call)
    flags = [call.options.flag(name, default=False) for name in ("transpose_a", "transpose_b")]
    names, shapes = [], []
    for operand, flag in zip((left, right), flags, strict=True):
        name = call.graph.plain(operand) if isinstance(operand, Value) else ""
        name = name or call.graph.floats(operand)
        shape = (
            operand.shape if isinstance(operand, Value) else tuple(getattr(operand, "shape", ()))
        )
        if len(shape) < 2:
            raise call.refusal("it multiplies a vector")
        if flag:
            order = (*range(len(shape) - 2), len(shape) - 1, len(shape) - 2)
            name, shape = (
                call.graph.op("Transpose", name, perm=order),
                tuple(shape[i] for i in order),
            )
        names.append(name)
        shapes.append(shape)
    if shapes[0][-1] is None or shapes[0][-1] != shapes[1][-2]:
        raise call.refusal(f"shapes {shapes[0]} and {shapes[1]} do not multiply")
    batch = broadcast([shapes[0][:-2], shapes[1][:-2]])
    name = call.graph.op("MatMul", *names)
    return call.graph.value(name, (*batch, shapes[0][-2], shapes[1][-1]), *call.inputs)


@operation("Einsum", tf="einsum linalg.einsum")
def einsum(call: LayerCall) -> Value:
    """keras.ops.einsum and tf.einsum, over letters alone."""
    equation = call.config.get("subscripts", default=call.kwargs.get("equation"))
    operands = list(call.args)
    if equation is None and operands and isinstance(operands[0], str):
        equation, operands = operands[0], operands[1:]
    if not isinstance(equation, str) or "->" not in equation or "." in equation:
        raise call.refusal("its equation is not written out")
    flat = [item for operand in operands for item in _listed(operand)]
    sides, _, out = equation.replace(" ", "").partition("->")
    sizes: dict[str, int | None] = {}
    names = []
    if len(flat) != sides.count(",") + 1:  # Keras 2 loses the operands of tf.einsum
        raise call.refusal("the file does not hold its operands")
    for letters, given in zip(sides.split(","), flat, strict=True):
        operand = as_operand(call, given)
        shape: Shape = (
            operand.shape if isinstance(operand, Value) else getattr(operand, "shape", ())
        )
        sizes.update(zip(letters, shape, strict=True))
        names.append(
            call.graph.plain(operand) if isinstance(operand, Value) else call.graph.floats(operand)
        )
    name = call.graph.op("Einsum", *names, equation=f"{sides}->{out}")
    return call.graph.value(name, tuple(sizes[letter] for letter in out), *call.inputs)


def _listed(operand: object) -> list[object]:
    has_values = isinstance(operand, list) and any(isinstance(item, Value) for item in operand)
    return operand if has_values and isinstance(operand, list) else [operand]
