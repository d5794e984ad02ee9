"""Gather the pictures that artifacts/pictures/training.yaml trains on: the same ones each time.

    .venv/bin/python scripts/gather_pictures.py [runs/drawn/pictures] [--data ../shared/data]

FOLDER/train holds what training, validation and holdout are taken from: drawn pages and parts,
photographs of leaves, chest films of children. FOLDER/other holds what the model is only judged on:
pages taken by hand, photographs of castings, leaves on a table, films of adults. In each a folder
for every label. FOLDER/nothing holds noise and even colours, by which pictures of nothing are told.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from vistazo.training.drawn.documents import BY_HAND, SCANNER, draw_document  # noqa: E402
from vistazo.training.drawn.parts import draw_part  # noqa: E402

_EACH, _OTHER, _STRANGE = 200, 60, 90
_FIRST_SEED, _OTHER_SEED = 300_000, 400_000
_PART_SIDE_PX = 240
_DARK = 24  # of 255: what is darker is the black that leaves were cut out on


def gather(folder: Path, data: Path) -> None:
    """Write the pictures of ``data`` and drawn ones."""
    train, other = folder / "train", folder / "other"
    for name, camera, first, count in (
        (train, SCANNER, _FIRST_SEED, _EACH),
        (other, BY_HAND, _OTHER_SEED, _OTHER),
    ):
        for seed in range(first, first + count):
            _save(draw_document(seed, camera), name / "document" / f"page_{seed}.png")
    for seed in range(_FIRST_SEED, _FIRST_SEED + _EACH):
        part = draw_part(seed, is_sound=seed % 2 == 0, side_px=_PART_SIDE_PX)
        _save(part, train / "part" / f"part_{seed}.png")
    for seed in range(_STRANGE):
        _save(_nothing(seed), folder / "nothing" / f"nothing_{seed}.png")
    _copy(_some(_files(data / "casting"), _OTHER), other / "part")
    _copy(_some(_leaves(data, 0), _EACH), train / "leaf")
    for number, leaf in enumerate(_some(_leaves(data, 1), _OTHER)):
        _save(_on_a_table(Image.open(leaf), number), other / "leaf" / f"{leaf.stem}.png")
    large = _files(data / "chest_xray_fullres")
    known = {film.name for film in large}
    films = [film for film in _files(data / "chest_xray" / "train") if film.name not in known]
    _copy([*large, *_some(films, _EACH - len(large))], train / "xray")
    _copy(_some(_files(data / "chest_adults"), _OTHER), other / "xray")


def _nothing(seed: int) -> Image.Image:
    """Noise of some grain, one even colour, or one that goes over into another."""
    random = np.random.default_rng(seed)
    shape = (1, 1), (2, 1), (2, 2), (8, 8), (64, 64), (300, 300)
    levels = random.integers(0, 256, (*shape[seed % len(shape)], 3 if seed % 2 else 1))
    drawn = Image.fromarray(np.broadcast_to(levels, (*levels.shape[:2], 3)).astype(np.uint8))
    return drawn.resize((300, 300), Image.Resampling.BICUBIC)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _leaves(data: Path, half: int) -> list[Path]:
    """Those of every second ten of the camera's numbers: photographs of one leaf often follow each
    other.
    """
    numbered = (
        (leaf, int(leaf.stem.split()[-1].split("_")[0])) for leaf in _files(data / "leaves")
    )
    return [leaf for leaf, number in numbered if number // 10 % 2 == half]


def _some(files: Sequence[Path], count: int) -> Sequence[Path]:
    """``count`` of them, or all there are, evenly."""
    return files[:: max(1, len(files) // count)][:count]


def _copy(files: Iterable[Path], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copyfile(file, folder / file.name)


def _on_a_table(leaf: Image.Image, seed: int) -> Image.Image:
    """The leaf on something light and grained in the place of black."""
    random = np.random.default_rng(seed)
    pixels = np.asarray(leaf.convert("RGB"), np.float64)
    dark = Image.fromarray(((pixels.max(axis=2) < _DARK) * 255).astype(np.uint8))
    share = np.asarray(dark.filter(ImageFilter.MedianFilter(3)), np.float64)[..., np.newaxis] / 255
    table = random.uniform(110, 240, 3) + random.normal(0, 6, pixels.shape)
    mixed = pixels * (1 - share) + table * share
    return Image.fromarray(np.rint(mixed.clip(0, 255)).astype(np.uint8))


def _save(picture: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "runs/drawn/pictures")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    told = parser.parse_args()
    gather(told.folder, told.data)
    for place in sorted(folder for folder in told.folder.rglob("*") if folder.is_dir()):
        print(f"{len(_files(place))} pictures are in {place}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
