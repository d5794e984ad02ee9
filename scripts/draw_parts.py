"""Draw the parts that artifacts/parts/training.yaml trains on: the same ones each time.

    .venv/bin/python scripts/draw_parts.py [runs/drawn/parts]

FOLDER/train holds what training, validation and holdout are taken from, FOLDER/other_castings parts
of other numbers, FOLDER/other_light parts under a lamp that stands elsewhere; in each a folder for
every label. Takes a few minutes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from vistazo.training.drawn.parts import LABELS, draw_part  # noqa: E402
from vistazo.training.drawn.relief import OTHER_LIGHT, USUAL_LIGHT  # noqa: E402

# The folder, its light, the first number and how many parts of each label.
PARTS = (
    ("train", USUAL_LIGHT, 0, 1200),
    ("other_castings", USUAL_LIGHT, 100_000, 300),
    ("other_light", OTHER_LIGHT, 200_000, 300),
)


def draw_all(folder: Path) -> None:
    for name, light, first, count in PARTS:
        for label in LABELS:
            place = folder / name / label
            place.mkdir(parents=True, exist_ok=True)
            for seed in range(first, first + count):
                part = draw_part(seed, is_sound=label == "ok", light=light)
                part.save(place / f"{label}_{seed:06}.png")
        print(f"{2 * count} parts are in {folder / name}.")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "runs" / "drawn" / "parts")
    draw_all(parser.parse_args().folder)


if __name__ == "__main__":
    main()
