"""Cards and training files that were written to do harm."""

import time
from pathlib import Path

import pytest

from vistazo.errors import CardError, SettingsError
from vistazo.models.card_file import parse_card
from vistazo.models.strict_yaml import read_yaml
from vistazo.training.config import read_config

LAUGHS = "a0: &a0 [ha, ha]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
KEYS_THAT_COLLIDE = "{" + ", ".join(f"{i * (2**61 - 1)}: 0" for i in range(2_000)) + "}"

SLOW = "too many values"
HOSTILE = {
    "a billion laughs": (LAUGHS, "alias"),
    "one that holds itself": ("a: &a [*a]", "alias"),
    "merged": ("a: &a {b: 1}\nc: {<<: *a}", "alias"),
    "deep lists": ("[" * 500_000, "deep"),
    "deep mappings": ("\n".join(" " * depth + "a:" for depth in range(1_000)), "deep"),
    SLOW: ("a: [" + "1," * 60_000 + "]", "more than 50000 values"),
    "keys that collide": (KEYS_THAT_COLLIDE, "more than 1000 fields"),
    "a number base 60": ("a: " + ":".join(["59"] * 300_000), "digits"),
    "a number of a million digits": ("a: " + "1" * 900_000 + ".0", "digits"),
    "an object": ("a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
    "not a truth": ("a: !!bool maybe", "does not fit"),
    "not a date": ("a: !!timestamp soon", "does not fit"),
    "not a number": ('a: !!int ""', "does not fit"),
    "no such day": ("a: 2001-99-99", "month"),
}


NAMES = [pytest.param(name, marks=[pytest.mark.longer] * (name == SLOW)) for name in HOSTILE]


@pytest.mark.parametrize("name", NAMES)
def test_what_would_take_long_or_grow_is_refused_soon_and_in_words(name: str) -> None:
    text, said = HOSTILE[name]
    started = time.process_time()
    with pytest.raises(CardError, match=rf"(?s)mine.card.yaml is not valid YAML: .*{said}"):
        parse_card(text, "mine.card.yaml")
    assert time.process_time() - started < 5


@pytest.mark.parametrize("name", ["a billion laughs", "deep lists", "not a truth"])
def test_a_training_file_is_read_within_the_same_bounds(name: str, tmp_path: Path) -> None:
    text, said = HOSTILE[name]
    path = tmp_path / "training.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=rf"(?s)training\.yaml cannot be read: .*{said}"):
        read_config(path)


@pytest.mark.longer
def test_twenty_thousand_labels_are_a_card_like_any_other() -> None:
    labels = [f"species {number}" for number in range(22_000)]
    assert read_yaml("labels:\n" + "".join(f"- {label}\n" for label in labels)) == {
        "labels": labels
    }


def test_anchors_that_nothing_refers_to_do_no_harm() -> None:
    assert read_yaml("a: &a [1, 2.5, 0x1f, 1_000, 2024-01-02, yes, ~]")
