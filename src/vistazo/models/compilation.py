"""Read model files in a bounded child process: to compile them to ONNX, or to describe them.

A model file may come from anywhere. The child reads it with a C library (HDF5); should a hostile
file crash that library, or make it grow or spin, the child ends and the service says why. And what
the child allocated is gone with it: the service stays as small as if it had never compiled.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from vistazo import errors
from vistazo.models.bounded_child import (
    IsCancelled,
    LoadingPolicy,
    Room,
    Task,
    ask,
    bound_memory,
    bound_time,
    never,
    write_answer,
)
from vistazo.models.custom_layers import import_layers
from vistazo.models.estimator_import.description import EstimatorDescription
from vistazo.models.plan.summary import PlanSummary
from vistazo.models.signature import Description, ModelSignature

Size = tuple[int, int] | None


def compile_model(
    source: Path,
    target: Path,
    input_size: Size = None,
    layers_module: str | None = None,
    *,
    output: str | None = None,
    weights: Sequence[Path] = (),
    with_evidence: bool = True,
    policy: LoadingPolicy | None = None,
    is_cancelled: IsCancelled = never,
) -> ModelSignature:
    """Write ``target`` from ``source`` (.keras, .h5, .onnx). Raises ModelError.

    ``weights`` are the further files that a Keras model is made of.
    ``input_size`` (height, width) is used where the file leaves the input's size open.
    ``layers_module`` is imported in the child first, for the converters that it registers.
    ``output`` is the name of that one of several outputs that shall be ``scores``. Without the
    evidence that answers carry, the file is plain ONNX: ``images`` -> ``scores``.
    """
    answer = _ask(
        Task(f"Reading {source}", source, policy or LoadingPolicy(), is_cancelled, tuple(weights)),
        target=str(target.absolute()),
        weights=_absolute(weights),
        input_size=input_size,
        layers_module=layers_module,
        output=output,
        with_evidence=with_evidence,
    )
    signature = ModelSignature.from_metadata(_texts(answer.get("signature")))
    if signature is None:
        raise _no_answer(source)
    return signature


def describe_model(
    source: Path,
    input_size: Size = None,
    layers_module: str | None = None,
    policy: LoadingPolicy | None = None,
    *,
    weights: Sequence[Path] = (),
    output: str | None = None,
) -> Description:
    """What a file holds and, where it cannot be served, why not. Raises ModelError."""
    answer = _ask(
        Task(f"Reading {source}", source, policy or LoadingPolicy(), more=tuple(weights)),
        target=None,
        weights=_absolute(weights),
        input_size=input_size,
        layers_module=layers_module,
        output=output,
    )
    try:
        return Description.from_json(str(answer["description"]))
    except (KeyError, TypeError, ValueError):
        raise _no_answer(source) from None


def list_shards(source: Path, policy: LoadingPolicy | None = None) -> tuple[Path, ...]:
    """The files in which TensorFlow.js keeps the weights of a ``model.json``. Raises ModelError."""
    return tuple(map(Path, _shards(source, policy, are_there=True)))


def name_shards(source: Path, policy: LoadingPolicy | None = None) -> tuple[str, ...]:
    """The names of those files, which need not be there yet. Raises ModelError."""
    return _shards(source, policy, are_there=False)


def _shards(source: Path, policy: LoadingPolicy | None, *, are_there: bool) -> tuple[str, ...]:
    task = Task(f"Reading {source}", source, policy or LoadingPolicy())
    shards = _ask(task, is_shards=True, are_there=are_there).get("shards")
    if not isinstance(shards, list):
        raise _no_answer(source)
    return tuple(map(str, shards))


@dataclass(frozen=True)
class EstimatorFiles:
    """A file of scikit-learn and, where its vectorizer is in another one, that."""

    model: Path
    vectorizer: Path | None = None


def compile_estimator(
    files: EstimatorFiles,
    target: Path,
    policy: LoadingPolicy | None = None,
    is_cancelled: IsCancelled = never,
) -> PlanSummary:
    """Write ``target``, a plan, from what scikit-learn saved. Raises ModelError."""
    return _summary(files, _ask_about(files, target, policy or LoadingPolicy(), is_cancelled))


def _summary(files: EstimatorFiles, answer: Mapping[str, Any]) -> PlanSummary:
    try:
        return PlanSummary.from_fields(answer["plan"])
    except (KeyError, TypeError, ValueError):
        raise _no_answer(files.model) from None


def rewrite_estimator(
    files: EstimatorFiles, target: Path, policy: LoadingPolicy | None = None
) -> PlanSummary:
    """Write ``target``: what the files hold, in one, without a pickle. Raises ModelError."""
    return _summary(files, _ask_about(files, target, policy or LoadingPolicy(), is_rewrite=True))


def describe_estimator(
    files: EstimatorFiles, policy: LoadingPolicy | None = None
) -> EstimatorDescription:
    """What a file holds and, where it cannot be served, why not. Raises ModelError."""
    answer = _ask_about(files, None, policy or LoadingPolicy())
    try:
        return EstimatorDescription.from_fields(answer["description"])
    except (KeyError, TypeError, ValueError):
        raise _no_answer(files.model) from None


def unwrap_keras(source: Path, target: Path, policy: LoadingPolicy | None = None) -> None:
    """Write ``target``, the .keras or .h5 file in a pickle. Raises ModelError."""
    task = Task(f"Reading {source}", source, policy or LoadingPolicy())
    _ask(task, unwrap=True, target=str(target.absolute()))


def _ask_about(
    files: EstimatorFiles,
    target: Path | None,
    policy: LoadingPolicy,
    is_cancelled: IsCancelled = never,
    *,
    is_rewrite: bool = False,
) -> Mapping[str, Any]:
    task = Task(f"Reading {files.model}", files.model, policy, is_cancelled)
    beside = files.vectorizer and str(files.vectorizer.absolute())
    to = target and str(target.absolute())
    return _ask(task, estimator=True, vectorizer=beside, target=to, is_rewrite=is_rewrite)


def _ask(task: Task, **question: object) -> Mapping[str, object]:
    about = {
        "source": str(task.file.absolute()),
        "allow_control_flow": task.policy.allow_control_flow,
    }
    return ask("vistazo.models.compilation", {**about, **question}, task)


def _absolute(files: Sequence[Path]) -> list[str]:
    return [str(file.absolute()) for file in files]


def _texts(value: object) -> dict[str, str]:
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, dict) else {}


def _no_answer(source: Path) -> errors.HostileModelError:
    return errors.HostileModelError(
        f"Reading {source} gave no answer. The file is damaged or hostile."
    )


def main(request: str) -> int:
    """Run in the child."""
    asked = json.loads(request)
    room = Room.of(asked)
    bound_time(room, asked["parent"])
    try:
        answer = _answer(asked, room)
    except errors.VistazoError as error:
        answer = {"error": type(error).__name__, "detail": str(error)}
    except MemoryError:
        answer = {"beyond": room.memory_bytes}
    except OSError as error:
        detail = f"{asked['target']} cannot be written: {error.strerror}."
        answer = {"error": errors.NoRoomError.__name__, "detail": detail}
    except KeyboardInterrupt:
        return 130
    write_answer(answer)
    return 0


def _answer(asked: Mapping[str, object], room: Room) -> dict[str, object]:
    if asked.get("unwrap"):
        from vistazo.models.estimator_import.compiler import unwrap_keras as unwrap

        unwrap(Path(str(asked["source"])), Path(str(asked["target"])), bound_memory(room))
        return {"is": "written"}
    if asked.get("estimator"):
        return _answer_of_estimator(asked, room)
    if asked.get("is_shards"):
        return _answer_of_shards(asked, room)
    return _answer_of_pictures(asked, room)


def _answer_of_shards(asked: Mapping[str, object], room: Room) -> dict[str, object]:
    from vistazo.models.keras_import import shard_names_of, shards_of

    bound_memory(room)
    shards = (shards_of if asked["are_there"] else shard_names_of)(Path(str(asked["source"])))
    return {"shards": list(map(str, shards))}


def _answer_of_pictures(asked: Mapping[str, object], room: Room) -> dict[str, object]:
    source, target = Path(str(asked["source"])), asked["target"]
    size = asked["input_size"]
    shape = (int(size[0]), int(size[1])) if isinstance(size, list) else None
    output = None if asked["output"] is None else str(asked["output"])
    if source.suffix.lower() == ".onnx":
        from vistazo.models.onnx_import import Allowance, convert, describe

        allowance = Allowance(bound_memory(room), control_flow=bool(asked["allow_control_flow"]))
        if target is None:
            return {"description": describe(source, shape, allowance, output).to_json()}
        signature = convert(
            source,
            Path(str(target)),
            shape,
            with_evidence=bool(asked["with_evidence"]),
            allowance=allowance,
            output=output,
        )
        return {"signature": signature.to_metadata()}
    from vistazo.models import keras_import

    if asked["layers_module"]:
        import_layers(str(asked["layers_module"]))
    most = bound_memory(room)
    weights = [Path(file) for file in cast(list[str], asked["weights"])]
    if target is None:
        description = keras_import.describe(source, shape, most, weights, output)
        return {"description": description.to_json()}
    signature = keras_import.convert(
        source,
        Path(str(target)),
        shape,
        weights=weights,
        with_evidence=bool(asked["with_evidence"]),
        max_tensor_bytes=most,
        output=output,
    )
    return {"signature": signature.to_metadata()}


def _answer_of_estimator(asked: Mapping[str, object], room: Room) -> dict[str, object]:
    from vistazo.models.estimator_import.compiler import convert, describe, rewrite

    source, target, beside = Path(str(asked["source"])), asked["target"], asked["vectorizer"]
    vectorizer = None if beside is None else Path(str(beside))
    most = bound_memory(room)
    if target is None:
        return {"description": asdict(describe(source, vectorizer, most))}
    write = rewrite if asked["is_rewrite"] else convert
    return {"plan": asdict(write(source, vectorizer, Path(str(target)), most))}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
