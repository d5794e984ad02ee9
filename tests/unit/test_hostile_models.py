"""The attacks are in hostile_models.py."""

import json
import os
import time
from pathlib import Path

import onnx
import pytest

from builders import write_brightness_model
from hostile_models import ATTACKS, RUN, SHOWN, graph, keras_of, own_format, save
from vistazo.engines.rehearsal import rehearse
from vistazo.errors import HostileModelError, ModelError, UnsupportedModelError
from vistazo.loading import ModelSource, load_classifier
from vistazo.models import keras_import, onnx_import
from vistazo.models.bounded_child import LoadingPolicy
from vistazo.models.compilation import describe_model
from vistazo.models.onnx_import import Allowance
from vistazo.models.process_memory import resident_bytes
from vistazo.models.store import find_model
from vistazo.pictures import ImageLimits

SMALL = 130_000_000  # what is left for a model of 256 MB
REFUSED = (HostileModelError, UnsupportedModelError)
LOOP = "Loop of 2^62"


def loaded(path: Path, policy: LoadingPolicy) -> object:
    source = ModelSource(path, None, path.parent / "cache", policy=policy)
    return load_classifier(source, ImageLimits())


def read(path: Path, target: Path) -> None:
    if path.suffix == ".onnx":
        onnx_import.convert(path, target, None, allowance=Allowance(SMALL))
    else:
        keras_import.convert(path, target, max_tensor_bytes=SMALL)


@pytest.mark.parametrize("name", SHOWN)
def test_what_the_file_shows_is_refused_before_anything_is_loaded(
    name: str, tmp_path: Path
) -> None:
    path, target = SHOWN[name](tmp_path), tmp_path / "out.onnx"
    started = time.process_time()
    with pytest.raises(REFUSED) as refused:
        read(path, target)
    assert time.process_time() - started < 1
    assert not target.exists()
    assert any(words in str(refused.value) for words in ("hostile.onnx", "'", "The weights take"))


def test_a_refusal_names_the_layer_and_both_sizes(tmp_path: Path) -> None:
    path = SHOWN["UpSampling2D by 1400"](tmp_path)
    with pytest.raises(
        HostileModelError, match=r"'enlarged' \(UpSampling2D\) makes 502 MB .* most 130"
    ):
        keras_import.convert(path, tmp_path / "out.onnx", max_tensor_bytes=SMALL)
    path = SHOWN["Pad by 10^6"](tmp_path)
    with pytest.raises(
        HostileModelError, match=r"hostile\.onnx the Pad .* 4,000,064 MB .* most 130"
    ):
        onnx_import.convert(path, tmp_path / "out.onnx", None, allowance=Allowance(SMALL))


def test_loops_are_left_to_whoever_trusts_the_file(tmp_path: Path) -> None:
    body = """
      big = Loop (times, yes, total) <body = body (int64 i, bool go, float a)
        => (bool on, float b) { on = Identity (go)  b = Add (a, one) }>
    """
    path = save(graph(body, "int64 times = {3}, bool yes = {1}"), tmp_path)
    with pytest.raises(UnsupportedModelError, match="ALLOW_CONTROL_FLOW=1"):
        onnx_import.convert(path, tmp_path / "out.onnx", None)
    [problem] = onnx_import.describe(path, None).problems
    assert "ALLOW_CONTROL_FLOW=1" in problem
    onnx_import.convert(path, tmp_path / "o", None, allowance=Allowance(control_flow=True))
    assert any(node.op_type == "Loop" for node in onnx.load(tmp_path / "o").graph.node)


HONEST = {
    "a function": ("big = x.f (total)", ""),
    "a size computed of a size": (
        (
            "shape = Shape (images)\n end = Gather (shape, nought)\n"
            "numbers = Range (nought, end, unit)\n big = Cast <to = 1> (numbers)"
        ),
        "",
    ),
    "a Resize": (
        'big = Resize <mode = "nearest"> (images, , scales)',
        "float[4] scales = {1, 2, 2, 1}",
    ),
    "a Slice": (
        "first = Slice (images, from, to)\n big = Identity (first)",
        "int64[1] from = {0}, int64[1] to = {1}",
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_honest_models_are_made_of_passes(name: str, tmp_path: Path) -> None:
    body, constants = HONEST[name]
    function = '<opset_import: ["" : 18], domain: "x"> f (a) => (b) { b = Add (a, a) }'
    is_called = "x.f" in body
    model = graph(body, constants, function if is_called else "", "x" if is_called else "")
    path = save(model, tmp_path)
    signature = onnx_import.convert(path, tmp_path / "o", None, allowance=Allowance(SMALL))
    assert signature.units == 2
    assert not onnx.load(tmp_path / "o").functions


def test_a_model_whose_run_has_no_end_is_refused_at_its_deadline_with_the_reason(
    tmp_path: Path,
) -> None:
    path, compiled = RUN["two thousand products"](tmp_path), tmp_path / "out.onnx"
    onnx_import.convert(path, compiled, None)
    with pytest.raises(UnsupportedModelError, match=r"took longer than 0\.5 s"):
        rehearse(compiled, "hostile", LoadingPolicy(timeout_s=0.5))


def test_a_file_that_claims_to_be_of_our_own_may_not_say_what_it_likes(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="takes more than"):
        loaded(RUN["a map of 4 TB in a file of our own"](tmp_path), LoadingPolicy())


@pytest.mark.parametrize(
    "claim", [{"height": "8"}, {"weights": None}, {"features": (1, 2)}, {"units": -1}, {"scale": 3}]
)
def test_a_claim_that_no_version_of_us_made_is_that_of_a_stranger(
    claim: dict[str, object], tmp_path: Path
) -> None:
    path = own_format(tmp_path, graph("big = Identity (total)"), **claim)
    signature = onnx_import.convert(path, tmp_path / "out.onnx", None)
    assert (signature.height, signature.units, signature.scale) == (8, 2, None)
    assert signature.framework == "onnx of unknown origin"


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_or_a_device_is_no_model(kind: str, tmp_path: Path) -> None:
    path = Path("/dev/zero")
    if kind == "pipe":
        os.mkfifo(path := tmp_path / "m.h5")
    with pytest.raises(ModelError, match="pipe or a device"):
        find_model(path, None)


def test_what_was_tried_once_is_tried_again_only_where_there_is_less_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    compiled = tmp_path / "m.onnx"
    path = write_brightness_model(tmp_path / "m.keras", maps=True)
    keras_import.convert(path, compiled, with_evidence=True)

    def tries(policy: LoadingPolicy) -> int:
        caplog.clear()
        rehearse(compiled, "m", policy)
        return [record.message for record in caplog.records].count("tried the model")

    assert tries(LoadingPolicy()) == 1
    assert tries(LoadingPolicy()) == 0
    record = tmp_path / "m.rehearsed.json"
    cost = json.loads(record.read_text())
    assert 0 < cost["cpu_s"] < 5
    assert 0 < cost["memory_bytes"] < 60_000_000
    record.write_text(json.dumps({**cost, "memory_bytes": 10**9}))
    assert tries(LoadingPolicy(container_bytes=10**9)) == 1
    record.write_text(json.dumps({**cost, "made_by": "another runtime"}))
    assert tries(LoadingPolicy()) == 1


@pytest.mark.longer
@pytest.mark.parametrize("name", ATTACKS)
def test_on_a_small_plan_every_attack_is_refused_in_words(name: str, tmp_path: Path) -> None:
    policy = LoadingPolicy(timeout_s=10, container_bytes=resident_bytes() + 186_000_000)
    with pytest.raises(ModelError) as refused:
        loaded(ATTACKS[name](tmp_path), policy)
    assert len(str(refused.value)) > 40
    assert "crashed" not in str(refused.value)


@pytest.mark.longer
def test_inspect_says_why_a_hostile_layer_cannot_be_served(tmp_path: Path) -> None:
    vast = {"class_name": "UpSampling2D", "config": {"name": "vast", "size": [1400, 1400]}}
    described = describe_model(
        keras_of(vast)(tmp_path),
        policy=LoadingPolicy(container_bytes=resident_bytes() + 186_000_000),
    )
    assert any("'vast'" in problem for problem in described.problems)
