"""What people read: each thing has words in both languages, and is called what it is in general."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from vistazo import errors
from vistazo.pictures.claims import HEADER_WARNINGS

SOURCE = Path(errors.__file__).parent
PAGE = SOURCE / "api" / "page"


def test_each_rule_and_each_problem_with_what_was_sent_has_words_on_the_page() -> None:
    rules = {
        rule
        for path in SOURCE.rglob("*.py")
        for rule in re.findall(r'BrokenRule\(\s*"(\w+)"|_reject\(\s*"(\w+)"', path.read_text())
        for rule in rule
        if rule
    } | {"min_side_px", "max_aspect_ratio"}
    codes = {kind.code for kind in _kinds(errors.InputError, errors.UnavailableError)}
    # Abstract, of JSON, of an archive, of reports as DICOM.
    unmet = {"bad_input", "unavailable", "not_base64", "too_many_files", "file_unreadable"}
    unmet |= {"report_too_costly", "report_not_now"}
    for language in ("english.js", "spanish.js"):
        text = (PAGE / language).read_text(encoding="utf-8")
        of_rules = re.search(r"\n  rules: {(.*?)\n  }", text, re.DOTALL)
        assert of_rules
        assert rules - NEVER_ON_THE_PAGE - IN_FILES <= {*re.findall(r"(\w+):", of_rules[1])}
        missing = {code for code in codes - unmet if f"\n    {code}: [" not in text}
        assert missing == set()


def test_each_warning_that_a_header_gives_has_words_on_the_page() -> None:
    for language in ("english.js", "spanish.js"):
        text = (PAGE / language).read_text(encoding="utf-8")
        assert [code for code in HEADER_WARNINGS if f"\n    {code}: [" not in text] == []


# Of a batch that the page does not send, and of what a PACS sent.
NEVER_ON_THE_PAGE = {"max_batch_work", "sop_instance_uid", "specific_character_set"}
# Of how a file is put together: one sentence for all.
IN_FILES = {
    "max_boxes", "max_chunks", "max_elements", "max_entries", "max_fill_bytes", "max_items",
    "max_parts", "max_scans", "max_segments", "max_strips",
}  # fmt: skip


def _kinds(*kinds: type[errors.VistazoError]) -> Iterator[type[errors.VistazoError]]:
    for kind in kinds:
        yield kind
        yield from _kinds(*kind.__subclasses__())


def test_only_a_card_speaks_of_films_and_patients() -> None:
    told = [
        f"{path.relative_to(SOURCE)}: {line.strip()}"
        for path in SOURCE.rglob("*.[pj][ys]")
        if "drawn" not in path.parts
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"\bfilms?\b", line)
    ]
    assert told == []
    # What codes of DICOM are called is told of DICOM files alone.
    general = [path for path in PAGE.iterdir() if path.name != "header_codes.js"]
    texts = "".join(path.read_text(encoding="utf-8") for path in general)
    assert not re.search(r"(?i)patient|paciente|x-ray|radiograf|película", texts)
