"""The formulas of the activations.

Each is that of ``keras.activations`` (keras/src/activations/activations.py); where Keras 2 differs
(tf_keras/src/activations.py) the file's version decides.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt

from vistazo.models.keras_import.config import Config
from vistazo.models.keras_import.graph import Graph

Formula = Callable[[Graph, str, Config], str]
FORMULAS: dict[str, Formula] = {}


def formula(name: str) -> Callable[[Formula], Formula]:
    """Make a function the formula of the activation of that name."""

    def decorate(function: Formula) -> Formula:
        FORMULAS[name] = function
        return function

    return decorate


@formula("relu")
def _relu(graph: Graph, x: str, settings: Config) -> str:
    slope = settings.number("negative_slope", "alpha", default=0.0)
    ceiling = settings.optional_number("max_value")
    threshold = settings.number("threshold", default=0.0)
    if threshold:
        below = graph.op("Mul", graph.op("Sub", x, graph.floats(threshold)), graph.floats(slope))
        above = graph.op("GreaterOrEqual", x, graph.floats(threshold))
        y = graph.op("Where", above, x, below)
    elif ceiling is not None and not slope:
        return graph.op("Clip", x, graph.floats(0.0), graph.floats(ceiling))
    else:
        y = graph.op("LeakyRelu", x, alpha=slope) if slope else graph.op("Relu", x)
    return y if ceiling is None else graph.op("Min", y, graph.floats(ceiling))


@formula("thresholded_relu")
def _thresholded_relu(graph: Graph, x: str, settings: Config) -> str:
    return graph.op("ThresholdedRelu", x, alpha=settings.number("theta", default=1.0))


@formula("threshold")
def _threshold(graph: Graph, x: str, settings: Config) -> str:
    above = graph.op("Greater", x, graph.floats(settings.number("threshold")))
    other = settings.number("default_value", "value")
    return graph.op("Where", above, x, graph.floats(other))


@formula("relu6")
def _relu6(graph: Graph, x: str, _: Config) -> str:
    return graph.op("Clip", x, graph.floats(0.0), graph.floats(6.0))


@formula("leaky_relu")
def _leaky_relu(graph: Graph, x: str, settings: Config) -> str:
    return graph.op("LeakyRelu", x, alpha=settings.number("negative_slope", "alpha", default=0.2))


@formula("elu")
def _elu(graph: Graph, x: str, settings: Config) -> str:
    return graph.op("Elu", x, alpha=settings.number("alpha", default=1.0))


@formula("celu")
def _celu(graph: Graph, x: str, settings: Config) -> str:
    return graph.op("Celu", x, alpha=settings.number("alpha", default=1.0))


def _simple(name: str, op_type: str) -> None:
    @formula(name)
    def apply(graph: Graph, x: str, _: Config) -> str:
        return graph.op(op_type, x)


for _name, _op_type in {
    "selu": "Selu",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "exponential": "Exp",
}.items():
    _simple(_name, _op_type)


@formula("hard_sigmoid")
def _hard_sigmoid(graph: Graph, x: str, _: Config) -> str:
    # Keras 2: clip(0.2 x + 0.5, 0, 1); Keras 3: relu6(x + 3) / 6.
    slope = 1 / 6 if graph.keras_major >= 3 else 0.2
    return graph.op("HardSigmoid", x, alpha=slope, beta=0.5)


@formula("hard_silu")
def _hard_silu(graph: Graph, x: str, settings: Config) -> str:
    return graph.op("Mul", x, _hard_sigmoid(graph, x, settings))


@formula("silu")
def _silu(graph: Graph, x: str, _: Config) -> str:
    return graph.op("Mul", x, graph.op("Sigmoid", x))


@formula("gelu")
def _gelu(graph: Graph, x: str, settings: Config) -> str:
    half = graph.op("Mul", x, graph.floats(0.5))
    if settings.flag("approximate", default=False):
        cube = graph.op("Mul", graph.op("Mul", x, x), x)
        inner = graph.op("Add", x, graph.op("Mul", cube, graph.floats(0.044715)))
        curve = graph.op("Tanh", graph.op("Mul", inner, graph.floats(sqrt(2 / pi))))
    else:
        curve = graph.op("Erf", graph.op("Div", x, graph.floats(sqrt(2))))
    return graph.op("Mul", half, graph.op("Add", curve, graph.floats(1.0)))


@formula("mish")
def _mish(graph: Graph, x: str, _: Config) -> str:
    return graph.op("Mul", x, graph.op("Tanh", graph.op("Softplus", x)))


@formula("log_sigmoid")
def _log_sigmoid(graph: Graph, x: str, _: Config) -> str:
    return graph.op("Neg", graph.op("Softplus", graph.op("Neg", x)))


@formula("hard_tanh")
def _hard_tanh(graph: Graph, x: str, _: Config) -> str:
    return graph.op("Clip", x, graph.floats(-1.0), graph.floats(1.0))


@formula("hard_shrink")
def _hard_shrink(graph: Graph, x: str, settings: Config) -> str:
    return graph.op("Shrink", x, lambd=settings.number("threshold", default=0.5), bias=0.0)


@formula("soft_shrink")
def _soft_shrink(graph: Graph, x: str, settings: Config) -> str:
    threshold = settings.number("threshold", default=0.5)
    return graph.op("Shrink", x, lambd=threshold, bias=threshold)


@formula("tanh_shrink")
def _tanh_shrink(graph: Graph, x: str, _: Config) -> str:
    return graph.op("Sub", x, graph.op("Tanh", x))


@formula("squareplus")
def _squareplus(graph: Graph, x: str, settings: Config) -> str:
    inner = graph.op("Add", graph.op("Mul", x, x), graph.floats(settings.number("b", default=4.0)))
    return graph.op("Mul", graph.op("Add", x, graph.op("Sqrt", inner)), graph.floats(0.5))


@formula("sparse_sigmoid")
def _sparse_sigmoid(graph: Graph, x: str, _: Config) -> str:
    return graph.op("HardSigmoid", x, alpha=0.5, beta=0.5)


@formula("sparse_plus")
def _sparse_plus(graph: Graph, x: str, _: Config) -> str:
    # 0 up to -1, (x + 1)^2 / 4 between, x from 1 on.
    inner = graph.op("Clip", x, graph.floats(-1.0), graph.floats(1.0))
    shifted = graph.op("Add", inner, graph.floats(1.0))
    bow = graph.op("Mul", graph.op("Mul", shifted, shifted), graph.floats(0.25))
    return graph.op("Where", graph.op("Greater", x, graph.floats(1.0)), x, bow)
