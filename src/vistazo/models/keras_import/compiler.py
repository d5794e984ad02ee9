"""Walks the layers from the image to the scores and lets each one's converter build its part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vistazo.errors import HostileModelError, UnreadableModelError
from vistazo.models.keras_import.dialect import Layer, Model
from vistazo.models.keras_import.file_faults import file_faults
from vistazo.models.keras_import.graph import Graph
from vistazo.models.keras_import.masks import receive, refuse_masked
from vistazo.models.keras_import.nodes import Call, TensorRef
from vistazo.models.keras_import.registry import LayerCall, converter_of
from vistazo.models.keras_import.value import Value
from vistazo.models.keras_import.weights import LayerPath, LayerWeights

# Shared models may call shared models: a small file can ask for any number of calls.
MAX_CALLS = 20_000

_Key = tuple[str, int]
_NO_CALL = Call((), {})


@dataclass(frozen=True)
class Step:
    """One call of one layer that was converted. Of each picture it was given ``rows`` rows."""

    path: LayerPath
    layer: Layer
    output: tuple[Value, ...]
    rows: int = 1


class Compiler:
    """Converts a model, nested ones included, into nodes of a graph."""

    def __init__(self, graph: Graph, weights: Mapping[LayerPath, LayerWeights]) -> None:
        self._graph = graph
        self.weights = weights
        self.steps: list[Step] = []
        self._rows = 1

    def run(self, model: Model, inputs: Sequence[Value], path: LayerPath = ()) -> list[Value]:
        """The outputs of a model that is called on these inputs."""
        if len(inputs) != len(model.inputs):
            raise UnreadableModelError(
                f"The model '{model.name}' takes {len(model.inputs)} inputs but is called on "
                f"{len(inputs)}."
            )
        layers = {layer.name: layer for layer in model.layers}
        done: dict[_Key, tuple[Value, ...]] = {
            (ref.layer, ref.call): (value,) for ref, value in zip(model.inputs, inputs, strict=True)
        }
        for key in _in_order(model, layers, done):
            done[key] = self._convert(layers[key[0]], key[1], done, path)
        return [_pick(ref, done) for ref in model.outputs]

    def _convert(
        self,
        layer: Layer,
        index: int,
        done: Mapping[_Key, tuple[Value, ...]],
        path: LayerPath,
    ) -> tuple[Value, ...]:
        call = _call(layer, index).map(lambda ref: _pick(ref, done))
        return self._apply(layer, call.args, call.kwargs, path, 1)

    def _apply(
        self,
        layer: Layer,
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
        path: LayerPath,
        rows: int,
    ) -> tuple[Value, ...]:
        """What a layer gives; ``rows`` are those of each row of what is around it."""
        if len(self.steps) >= MAX_CALLS:
            raise HostileModelError(f"The model makes more than {MAX_CALLS} layer calls.")
        here = (*path, layer.name)
        given = receive(layer, args, kwargs)
        bound = LayerCall(
            layer,
            self._graph,
            here,
            given.args,
            given.kwargs,
            self.weights.get(here, {}),
            given.mask,
            lambda inner, its_args, its_kwargs, its_rows: self._apply(
                inner, its_args, its_kwargs, here, its_rows
            ),
        )
        self._rows *= rows
        if layer.model is not None:
            output = tuple(self.run(layer.model, bound.inputs, here))
            refuse_masked(layer, output)
        else:
            with self._graph.scope("/".join(here)):
                output = given.passed_on(_convert_guarded(bound))
        self.steps.append(Step(here, layer, output, self._rows))
        self._rows //= rows
        return output


def _convert_guarded(call: LayerCall) -> tuple[Value, ...]:
    with file_faults(f"The {call.layer} does not fit its input, or its configuration is damaged"):
        result = converter_of(call.layer).convert(call)
    return (result,) if isinstance(result, Value) else tuple(result)


def _in_order(
    model: Model, layers: Mapping[str, Layer], given: Mapping[_Key, object]
) -> Iterator[_Key]:
    """The calls that the outputs need, each after those that it needs itself."""
    finished: set[_Key] = set(given)
    open_calls: set[_Key] = set()
    pending: list[_Key] = [(ref.layer, ref.call) for ref in reversed(model.outputs)]
    while pending:
        key = pending[-1]
        if key in finished:
            pending.pop()
            continue
        if key[0] not in layers:
            raise UnreadableModelError(f"The model refers to a layer '{key[0]}' that is not there.")
        refs = _call(layers[key[0]], key[1]).references()
        missing = [(r.layer, r.call) for r in refs if (r.layer, r.call) not in finished]
        if missing and key in open_calls:
            raise UnreadableModelError(f"The layer '{key[0]}' depends on its own output.")
        open_calls.add(key)
        if missing:
            pending += reversed(missing)
        else:
            finished.add(pending.pop())
            yield key


def _call(layer: Layer, index: int) -> Call:
    if index < len(layer.calls):
        return layer.calls[index]
    if not layer.calls and index == 0:
        return _NO_CALL
    raise UnreadableModelError(
        f"The model refers to call {index} of {layer}, which is called {len(layer.calls)} times."
    )


def _pick(ref: TensorRef, done: Mapping[_Key, tuple[Value, ...]]) -> Value:
    outputs = done[ref.layer, ref.call]
    if not 0 <= ref.output < len(outputs):
        raise UnreadableModelError(
            f"The model refers to output {ref.output} of '{ref.layer}', which has {len(outputs)}."
        )
    return outputs[ref.output]
