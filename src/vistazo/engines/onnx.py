"""ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vistazo.engines.base import (
    Head,
    Outputs,
    Probe,
    Runtime,
    further_tensors,
    outputs_of,
    together,
)
from vistazo.engines.choice import Device
from vistazo.engines.evidence import LOGITS, MEASURED, MORE, PROBED, REMEMBERED, told_of_probe
from vistazo.engines.onnx_session import FATAL, device_of, onnxruntime, open_session
from vistazo.errors import UnreadableModelError
from vistazo.models.signature import ModelSignature

_AT_ONCE_ON_CUDA = 32

VERSION: str = onnxruntime.__version__


class _Running:
    """Options of the runs that go on now, which one interruption ends together."""

    def __init__(self) -> None:
        self.of_pictures = onnxruntime.RunOptions()
        self.of_maps = onnxruntime.RunOptions()
        self.of_maps.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")


class OnnxEngine:
    """Runs a compiled model: input (n, h, w, c), outputs ``scores`` and, where it is, ``features``.

    Where the model takes ``more_features`` too, its head scores these like the maps of further
    pictures: with no picture at all, only the head runs. So it is with ``probe_images``, and the
    part before a batch normalisation.

    On the CPU one thread per call: several pictures at once keep the cores busy with less waiting
    than several threads in one picture, and without a pool of threads that spins.

    And one picture at a time: of several together the maps would not fit into the caches
    (MobileNetV2 takes twice as long a picture). What one takes stays mapped for the next; what a
    run without a picture takes is given back, as an arena would else keep its high-water mark for
    ever.

    ``device`` is as ``open_session`` has it; on CUDA a batch is run as one.
    """

    def __init__(self, path: Path, device: Device = "cpu") -> None:
        self._session = open_session(path, device)
        self._running = _Running()
        self._input, self._shape = _images_of(self._session)
        names = [output.name for output in self._session.get_outputs()]
        self._metadata = self._session.get_modelmeta().custom_metadata_map
        signature = ModelSignature.from_metadata(self._metadata)
        if signature is None or not {"scores", *further_tensors(signature)}.issubset(names):
            raise UnreadableModelError(f"{path} is ONNX, but was not written by Vistazo.")
        self.signature, self._has_features = signature, "features" in names
        features = ["features"] if self._has_features else []
        self._outputs = ["scores", *features, *further_tensors(signature)]
        device_used = device_of(self._session)
        self.runtime = Runtime("onnxruntime", VERSION, device_used, signature.precision)
        self._at_once = _AT_ONCE_ON_CUDA if device_used == "cuda" else 1
        optional = [value.name for value in self._session.get_overridable_initializers()]
        self._no_images = np.zeros((0, *self._shape), np.float32)
        self._has_head = MORE in optional and signature.features is not None
        self._has_probe = PROBED in optional
        if self._has_head or self._has_probe:
            self._find_out_about_no_images()

    def run(self, images: NDArray[np.float32]) -> Outputs:
        running = self._running
        step = self._at_once
        outputs = [self._run(images[at : at + step], running) for at in range(0, len(images), step)]
        return outputs[0] if len(outputs) == 1 else together(outputs)

    def _run(self, image: NDArray[np.float32], running: _Running) -> Outputs:
        found = self._session.run(self._outputs, {self._input: image}, running.of_pictures)
        return outputs_of(found, has_features=self._has_features)

    @property
    def head(self) -> Head | None:
        return self._run_head if self._has_head else None

    @property
    def probe(self) -> Probe | None:
        told = told_of_probe(self._metadata) if self._has_probe else None
        if told is None:
            return None
        one = {self._input: self._no_images, PROBED: np.zeros((1, *self._shape), np.float32)}
        mean, variance = self._session.run(REMEMBERED, one, self._running.of_maps)
        return Probe(*told, mean, variance, self._measure)

    def interrupt(self) -> None:
        ending, self._running = self._running, _Running()
        ending.of_pictures.terminate = ending.of_maps.terminate = True

    def close(self) -> None:
        del self._session

    def _measure(
        self, images: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One at a time: the map before the normalisation is often the largest of all."""
        results = [
            self._session.run(
                MEASURED,
                {self._input: self._no_images, PROBED: image[np.newaxis]},
                self._running.of_maps,
            )
            for image in images
        ]
        means, variances = zip(*results, strict=True)
        return np.concatenate(means), np.concatenate(variances)

    def _run_head(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        feed = {self._input: self._no_images, MORE: features}
        how = self._running.of_maps
        logits: NDArray[np.float32] = self._session.run([LOGITS], feed, how)[0]
        return logits[len(self._no_images) :]

    def _find_out_about_no_images(self) -> None:
        """Some of the runtime's operators refuse an empty batch: such a model gets a blank one."""
        feed = {self._input: self._no_images}
        if self._has_head and self.signature.features is not None:
            feed[MORE] = np.zeros((1, *self.signature.features), np.float32)
        silent = onnxruntime.RunOptions()
        silent.log_severity_level = FATAL
        try:
            self._session.run(["scores"], feed, silent)
        except Exception:  # the runtime's own errors share no base but Exception
            self._no_images = np.zeros((1, *self._shape), np.float32)


def _images_of(session: onnxruntime.InferenceSession) -> tuple[str, tuple[int, ...]]:
    """The name of the images, and the shape of one."""
    images = session.get_inputs()[0]
    return images.name, tuple(images.shape[1:])
