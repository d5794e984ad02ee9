"""Measure how well 'vistazo card' finds out what twenty models were trained with.

    python scripts/measure_card_search.py DATA FOLDER [NUMBER...]

DATA holds leaves/, casting/ and chest_xray/train/, each with one folder of pictures per label.
Twenty small models are trained, each with another pipeline of Keras, TensorFlow, OpenCV or Pillow;
'vistazo card' gets the file and thirty pictures of each label; then the service and the pipeline
answer for other pictures. The bar: never a wrong order of the labels, and as served at most one in
a hundred fewer right than with the pipeline itself. Takes an hour; what is in FOLDER is not made
again. NUMBERs choose models. Run it in the environment of the tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from card_search.models import draw_pictures, split, trained  # noqa: E402
from card_search.recipes import RECIPES, Recipe  # noqa: E402
from vistazo.loading import ModelSource, load_classifier  # noqa: E402
from vistazo.models.card_file import read_card  # noqa: E402
from vistazo.pictures import ImageLimits  # noqa: E402
from vistazo.pictures.reader import DirectReader  # noqa: E402
from vistazo.training.preparations import in_words  # noqa: E402

_COMMAND = (sys.executable, "-m", "vistazo", "card")
_BAR = 0.01


@dataclass(frozen=True)
class Outcome:
    """``served`` is None where no card was written; seconds are those of the command."""

    own: float
    seconds: float
    found: str
    served: float | None = None
    is_wrong_order: bool = False


def measure(recipe: Recipe, pictures: Path, folder: Path) -> Outcome:
    model, own = trained(recipe, pictures, folder)
    card = folder / f"model_{recipe.name}.card.yaml"
    started = time.perf_counter()
    done = subprocess.run(
        [*_COMMAND, model, pictures / recipe.data / "search", "--force", "--out", card],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "CACHE_DIR": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    (folder / f"model_{recipe.name}.log").write_text(done.stdout + done.stderr)
    if done.returncode:
        return Outcome(own, seconds, f"status {done.returncode}, see its log")
    found = read_card(card)
    is_wrong = found.labels != recipe.labels
    right = served(recipe, model, card, pictures)
    return Outcome(own, seconds, in_words(found.input), right, is_wrong)


def served(recipe: Recipe, model: Path, card: Path, pictures: Path) -> float:
    """The share of the unseen pictures that the service is right on."""
    unseen = split(pictures, recipe, "test")
    source = ModelSource(model, card, model.parent / "cache", out_of_distribution="off")
    classifier = load_classifier(source, DirectReader(ImageLimits()))
    right = [
        classifier.classify(file.read_bytes()).decision.predicted_class == recipe.labels[label]
        for file, label in zip(unseen.files, unseen.labels, strict=True)
    ]
    classifier.close()
    return sum(right) / len(right)


def main() -> int:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    data, folder, chosen = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    draw_pictures(data, folder / "pictures")
    within = wrong = 0
    recipes = [recipe for recipe in RECIPES if not chosen or recipe.name in chosen]
    for recipe in recipes:
        outcome = measure(recipe, folder / "pictures", folder)
        is_within = outcome.served is not None and outcome.served >= outcome.own - _BAR
        within += is_within
        wrong += outcome.is_wrong_order
        print(_row(recipe, outcome, "" if is_within else "  BELOW"), flush=True)
    print(f"{within} of {len(recipes)} within {_BAR:.0%}; wrong orders of the labels: {wrong}")
    return 0 if within == len(recipes) and not wrong else 1


def _row(recipe: Recipe, outcome: Outcome, mark: str) -> str:
    how, ways = recipe.pipeline, "grey" if recipe.pipeline.is_grey else "colour"
    given = f"{recipe.data}, {recipe.architecture}, {recipe.output}"
    own = f"{how.read}, {how.scale}, {ways}"
    served_as = "none" if outcome.served is None else f"{outcome.served:.1%}"
    order = "  WRONG ORDER" if outcome.is_wrong_order else ""
    return (
        f"{recipe.name}  {given:36}  {own:40}  own {outcome.own:.1%}  served {served_as:6}  "
        f"{outcome.seconds:4.0f} s  {outcome.found}{mark}{order}"
    )


if __name__ == "__main__":
    sys.exit(main())
