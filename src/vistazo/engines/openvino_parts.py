"""OpenVINO's view of a compiled model, cut into parts that run by themselves.

It knows no optional inputs. But a graph of its own can be cut where they come in: then no part
waits for them, and none does what is not asked of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vistazo.engines.base import further_tensors
from vistazo.engines.evidence import LOGITS, MEASURED, MORE, PROBED, REMEMBERED
from vistazo.engines.openvino_runtime import core, openvino, opset13
from vistazo.errors import UnreadableModelError
from vistazo.models.optional_inputs import with_inputs_required
from vistazo.models.signature import ModelSignature

_IMAGES, _SCORES, _FEATURES = "images", "scores", "features"
_JOINT = "head/Concat"  # of keras_import/head.py: the pictures' maps, and more


class Parts:
    """Of the model in ``path``. Raises UnreadableModelError where Vistazo did not write it, and
    RuntimeError where OpenVINO cannot read it.
    """

    def __init__(self, path: Path) -> None:
        model = core().read_model(with_inputs_required(path, {MORE, PROBED}))
        told = model.get_rt_info(["framework"]).value if model.has_rt_info(["framework"]) else {}
        self.metadata: dict[str, str] = {name: str(value) for name, value in told.items()}
        self._inputs = {
            name: node for node in model.get_parameters() for name in node.output(0).names
        }
        self._outputs = {
            name: result.node.input_value(0) for result in model.outputs for name in result.names
        }
        signature = ModelSignature.from_metadata(self.metadata)
        there = {*self._inputs, *self._outputs}
        if signature is None or not {_IMAGES, _SCORES, *further_tensors(signature)} <= there:
            raise UnreadableModelError(f"{path} is ONNX, but was not written by Vistazo.")
        self.signature = signature
        joints = [node for node in model.get_ops() if node.get_friendly_name() == _JOINT]
        self._joint = joints[0] if joints and MORE in self._inputs else None
        self._after_joint = joints[0].output(0).get_target_inputs() if joints else set()

    def scoring(self) -> openvino.Model:
        """One image (1, h, w, c) to ``scores``, ``features`` where the model has them, and its
        other outputs.
        """
        self._connect(0)
        outputs = [_SCORES, *([_FEATURES] if self.has_features else [])]
        outputs += further_tensors(self.signature)
        part, of = self._part(_IMAGES, outputs), self.signature
        part.reshape([1, of.height, of.width, of.channels])
        return part

    @property
    def has_features(self) -> bool:
        return _FEATURES in self._outputs

    def head(self) -> openvino.Model | None:
        """Feature maps (m, fh, fw, fc) to logits (m, k)."""
        if self._joint is None or self.signature.features is None:
            return None
        self._connect(1)
        return self._part(MORE, [LOGITS])

    def probe(self) -> openvino.Model | None:
        """One image to what is measured of it (1, c) and what is remembered (c,), twice each."""
        if PROBED not in self._inputs:
            return None
        branch = self._outputs[MEASURED[0]].get_node()
        branch.input(0).replace_source_output(opset13.constant(value=True).output(0))
        return self._part(PROBED, [*MEASURED, *REMEMBERED])

    def _connect(self, which: int) -> None:
        """Lead past the joint: the pictures' own maps (0), or those that are given besides (1)."""
        if self._joint is not None:
            for reader in self._after_joint:
                reader.replace_source_output(self._joint.input_value(which))

    def _part(self, given: str, wanted: Sequence[str]) -> openvino.Model:
        """A copy, which holds no more than it needs."""
        sinks = [self._outputs[name] for name in wanted]
        return openvino.Model(sinks, [self._inputs[given]]).clone()
