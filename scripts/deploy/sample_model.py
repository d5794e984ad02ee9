"""Write an ``.h5`` as Keras 2 does, and its card, into a folder: somebody's own model.

Runs inside the image, which has h5py: ``python sample_model.py FOLDER``.
"""

import json
import sys
from pathlib import Path

import h5py
import numpy as np

FILTERS = (32, 64, 128, 256, 512)


def layers() -> list[dict[str, object]]:
    shape = {"batch_input_shape": [None, 128, 128, 3], "dtype": "float32"}
    made: list[dict[str, object]] = [_layer("InputLayer", "pixels", **shape)]
    for index, filters in enumerate(FILTERS):
        made.append(
            _layer(
                "Conv2D", f"conv{index}", filters=filters, kernel_size=[3, 3], strides=[2, 2],
                padding="same", activation="relu", use_bias=True, data_format="channels_last",
                dilation_rate=[1, 1], groups=1,
            )
        )  # fmt: skip
    made.append(_layer("GlobalAveragePooling2D", "mean", data_format="channels_last"))
    made.append(_layer("Dense", "scores", units=2, activation="softmax", use_bias=True))
    return made


def _layer(class_name: str, name: str, **config: object) -> dict[str, object]:
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **config}}


def weights() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    random = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return random.normal(0, np.prod(shape[:-1]) ** -0.5, shape).astype(np.float32)

    made = {}
    for index, (before, after) in enumerate(zip((3, *FILTERS), FILTERS, strict=False)):
        made[f"conv{index}"] = (normal(3, 3, before, after), np.zeros(after, np.float32))
    made["scores"] = (normal(FILTERS[-1], 2), np.zeros(2, np.float32))
    return made


def write(folder: Path) -> None:
    config = {"class_name": "Sequential", "config": {"name": "own", "layers": layers()}}
    with h5py.File(folder / "own.h5", "w") as file:
        file.attrs["keras_version"] = "2.15.0"
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = json.dumps(config)
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in weights()]
        for name, arrays in weights().items():
            names = [f"{name}/kernel:0", f"{name}/bias:0"]
            group.create_group(name).attrs["weight_names"] = [each.encode() for each in names]
            for each, array in zip(names, arrays, strict=True):
                group[name][each] = array
    card = {
        "name": "own",
        "version": "1.0.0",
        "labels": ["ONE", "OTHER"],
        "input": {"height": 128, "width": 128, "colour": "rgb", "scale": "1/255"},
        "output": {"kind": "softmax"},
    }
    (folder / "own.card.yaml").write_text(json.dumps(card))  # JSON is YAML


if __name__ == "__main__":
    write(Path(sys.argv[1]))
