"""Train a small model of scikit-learn on the pictures of a recipe, each number of one a feature.

    python scripts/train_flattened.py artifacts/leaves/training.yaml leaves_small.pkl [--side 24]

The split, the labels and the card's texts are those of the recipe; its network, augmentation and
threshold are not used. Whitened principal components and a logistic regression: how many and
how strong is chosen on the validation pictures. Writes the .pkl, and its card with the figures of
the holdout. Run it in the environment of the tests.
"""

from __future__ import annotations

import argparse
import pickle
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from vistazo.models.card import ModelCard  # noqa: E402
from vistazo.models.card_file import card_path, write_card  # noqa: E402
from vistazo.models.output_spec import OutputSpec  # noqa: E402
from vistazo.pictures.preprocessing import scale  # noqa: E402
from vistazo.training.answers import Answers  # noqa: E402
from vistazo.training.config import TrainingConfig, read_config  # noqa: E402
from vistazo.training.datasets import Pictures, load_pictures  # noqa: E402
from vistazo.training.report import file_sha256, measure_answers  # noqa: E402
from vistazo.training.splits import Split, split_by_group  # noqa: E402

_STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1)
_COMPONENTS = (30, 60, 120)
_LIMITS = {
    "en": "It sees a small copy of the picture and knows nothing of shapes: a weaker model than "
    "the one beside it, of which the rest of this text speaks. It draws no heatmap and marks "
    "nothing as strange.",
    "es": "Ve una copia pequeña de la imagen y no sabe nada de formas: es un modelo más débil que "
    "el que tiene al lado, del que habla el resto de este texto. No dibuja mapas de calor ni "
    "señala nada como extraño.",
}
_SHOWN = ("pictures", "groups", "pictures_per_label", "auc", "accuracy")


def rows_of(config: TrainingConfig, pictures: Pictures) -> NDArray[np.float32]:
    scaled = scale(pictures.pixels.astype(np.float32), config.input.scale)
    return np.asarray(scaled.reshape(len(pictures), -1), np.float32)


def best(rows: NDArray[np.float32], pictures: Pictures, split: Split, seed: int) -> Pipeline:
    """The pipeline that is least surprised by the validation pictures."""
    tried = [
        make_pipeline(
            PCA(components, whiten=True, random_state=seed),
            LogisticRegression(C=strength, max_iter=2000),
        ).fit(rows[split.training], pictures.labels[split.training])
        for components in _COMPONENTS
        for strength in _STRENGTHS
    ]

    def surprise(model: Pipeline) -> float:
        truth = pictures.labels[split.validation]
        said = model.predict_proba(rows[split.validation])[np.arange(len(truth)), truth]
        return float(-np.log(said).mean())

    return min(tried, key=surprise)


def card_of(config: TrainingConfig, model: Path, answers: Answers) -> ModelCard:
    measured = measure_answers(answers)
    shown = {name: measured[name] for name in _SHOWN if name in measured}
    return ModelCard(
        name=f"{config.name}_small",
        version=config.version,
        labels=config.labels,
        input=config.input,
        output=OutputSpec(kind="softmax"),
        sha256=file_sha256(model),
        figures={"unseen_pictures_of_the_same_collection": shown},
        **dict(config.card) | {"limits": limits_of(config.card.limits)},
    )


def limits_of(recipe: str | dict[str, str]) -> str | dict[str, str]:
    """Its own before those of the recipe, in whichever languages that speaks."""
    if isinstance(recipe, str):
        return f"{_LIMITS['en']} {recipe}"
    return {code: f"{own} {recipe[code]}" for code, own in _LIMITS.items() if code in recipe}


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("training", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--data", type=Path)
    arguments.add_argument("--side", type=int, default=24)
    chosen = arguments.parse_args()
    config = read_config(chosen.training, chosen.data)
    spec = config.input.model_copy(update={"height": chosen.side, "width": chosen.side})
    config = config.model_copy(update={"input": spec})
    pictures = load_pictures(config)
    split = split_by_group(pictures.labels, pictures.groups, config.splits)
    rows = rows_of(config, pictures)
    model = best(rows, pictures, split, config.seed)
    print(model)
    chosen.out.write_bytes(pickle.dumps(model))
    held = split.holdout
    said = model.predict_proba(rows[held]).astype(np.float64)
    answers = Answers(said, pictures.labels[held], pictures.groups[held], config.labels, None, 0.5)
    card = card_of(config, chosen.out, answers)
    write_card(card, card_path(chosen.out))
    print(card.figures)


if __name__ == "__main__":
    main()
