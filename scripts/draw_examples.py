"""Draw the pictures that the page offers to try, MODEL.example.jpeg beside models of artifacts/.

    .venv/bin/python scripts/draw_examples.py

The same ones each time, and nobody's: no picture of a collection is copied.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from vistazo.training.drawn.chest import draw_chest  # noqa: E402
from vistazo.training.drawn.documents import draw_document  # noqa: E402
from vistazo.training.drawn.parts import draw_part  # noqa: E402

_QUALITY = 88


def examples() -> dict[str, Image.Image]:
    """By the path of the model, without its suffix. The third film is one that the model of films
    takes for a film: its check of strange pictures finds nothing.
    """
    return {
        "pneumonia/pneumonia": draw_chest(3),
        "parts/trained_best_model2": draw_part(100_001, is_sound=False),
        "pictures/finalModel": draw_document(7),
    }


def main() -> None:
    for name, picture in examples().items():
        path = ROOT / "artifacts" / f"{name}.example.jpeg"
        picture.save(path, "JPEG", quality=_QUALITY)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
