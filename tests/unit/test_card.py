import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import card, signature
from vistazo.errors import CardError
from vistazo.models.agreement import disagreements
from vistazo.models.card import ModelCard
from vistazo.models.card_file import (
    TEXTS,
    card_path,
    find_card,
    find_card_of,
    parse_card,
    read_card,
    write_card,
)
from vistazo.models.sample_card import TextCard
from vistazo.models.signature import ModelSignature
from vistazo.models.words import spoken

SOUND = """
name: pneumonia
version: 1.0.0
labels: [NORMAL, PNEUMONIA]
positive: PNEUMONIA
input: {height: 224, width: 224, colour: grey, resize: stretch, filter: bilinear, scale: 1/255}
output: {kind: sigmoid, threshold: 0.42, temperature: 1.3, uncertain_band: [0.35, 0.55]}
"""


def test_the_card_lies_beside_the_weights() -> None:
    assert card_path(Path("a/model.keras")) == Path("a/model.card.yaml")
    assert card_path(Path("a/my.model.h5")) == Path("a/my.model.card.yaml")


def test_a_sound_card_is_read() -> None:
    read = parse_card(SOUND)
    assert read.labels == ("NORMAL", "PNEUMONIA")
    assert read.positive_index == 1
    assert read.output.uncertain_band == (0.35, 0.55)


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ("labels: [NORMAL, PNEUMONIA]", "labels: [NORMAL]", "labels"),
        ("labels: [NORMAL, PNEUMONIA]", "labels: [SAME, SAME]", "labels must differ"),
        ("positive: PNEUMONIA", "positive: COVID", "COVID"),
        ("colour: grey", "colour: gray", "input.colour"),
        ("height: 224", "height: 0", "input.height"),
        ("height: 224, ", "", "input.height"),
        ("scale: 1/255", "scale: 1/256", "input.scale"),
        ("scale: 1/255", "scale: {mean: [1, 2], std: [1]}", "scale.mean"),
        ("kind: sigmoid", "kind: sigmiod", "output.kind"),
        ("threshold: 0.42", "treshold: 0.42", "output.treshold"),
        ("[0.35, 0.55]", "[0.55, 0.35]", "uncertain_band"),
        ("threshold: 0.42", "threshold: .nan", "output.threshold"),
        ("positive:", f"notice: {'x' * 301}\npositive:", "\n  notice: "),
        ("positive:", "notice: 5\npositive:", "\n  notice: "),
        ("positive:", "notice: {en: ''}\npositive:", "notice.en: "),
        ("positive:", "title: {es: '  '}\npositive:", "title.es: should have a letter"),
        ("positive:", "'[key]': 1\npositive:", "  [key]: is not known here"),
        ("kind: sigmoid", "'[key]': 1, kind: sigmoid", "  output.[key]: is not known here"),
        ("positive:", "label_titles: {PNEUMONIA: {'[key]': a}}\npositive:", "PNEUMONIA.[key]: "),
        ("positive:", "notice: {English: Take care.}\npositive:", "notice.English"),
        ("positive:", "notice: {no: Pass opp.}\npositive:", "  notice: has a name"),  # no is false
    ],
)
def test_a_fault_in_a_card_is_named(before: str, after: str, field: str) -> None:
    assert before in SOUND
    with pytest.raises(CardError, match=re.escape(field)) as error:
        parse_card(SOUND.replace(before, after))
    assert "Value error" not in str(error.value)


@pytest.mark.parametrize(
    ("language", "notice", "own"),
    [
        ("en", "", ""),
        ("en", {}, ""),
        ("es", "Con cuidado.", "Con cuidado."),
        ("es", {"en": "Take care.", "es": "Con cuidado."}, "Con cuidado."),
        ("de", {"en": "Take care.", "es": "Con cuidado."}, "Take care."),
    ],
)
def test_a_notice_is_one_text_or_one_for_each_language(
    language: str, notice: Any, own: str
) -> None:
    assert card(language=language, notice=notice).own_notice == own


def test_every_text_of_a_card_is_one_or_one_for_each_language_and_labels_have_titles() -> None:
    said = {"en": "A", "es": "B"}
    names = ("title", "made_for", "intended_use", "population", "training_data", "limits")
    read = card(licence="MIT", label_titles={"DARK": said}, **dict.fromkeys(names, said))
    assert [spoken(getattr(read, name), "en", "es") for name in names] == ["B"] * len(names)
    assert spoken(read.licence, "en", "es") == "MIT"
    assert spoken(read.label_titles["DARK"], "en", "fr") == "A"


def test_no_title_is_of_a_label_that_no_output_has() -> None:
    with pytest.raises(CardError, match="label_titles has 'COVID', which is not among the labels"):
        parse_card(f"{SOUND}label_titles: {{COVID: Covid}}\n")
    further = "more_outputs: {age: {kind: softmax, labels: [child, adult]}}\n"
    told = parse_card(f"{SOUND}{further}label_titles: {{adult: {{es: adulto}}}}\n")
    assert told.label_titles == {"adult": {"es": "adulto"}}


@pytest.mark.parametrize(
    "text", ["", "- a\n- b", "just words", "a: [", "!!python/object:os.system x", "[" * 5000]
)
def test_what_is_no_card_is_an_error_in_words(text: str) -> None:
    with pytest.raises(CardError):
        parse_card(text)


def test_a_missing_card_says_where_it_belongs_and_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"(?s)model\.card\.yaml.*inspect"):
        read_card(tmp_path / "model.card.yaml")


def test_a_card_with_nothing_in_it_counts_as_none_and_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "c.card.yaml"
    assert find_card(path) is None
    for text in ("", "\n \n", "\ufeff", "# m.h5: 8 x 8\n\n#\n"):
        path.write_text(text, encoding="utf-8")
        assert find_card(path) is None
        with pytest.raises(CardError, match="is empty"):
            read_card(path)


def test_what_is_still_to_do_in_a_card_is_named() -> None:
    text = SOUND.replace("[NORMAL, PNEUMONIA]", "TODO").replace("1/255", "TODO")
    with pytest.raises(CardError, match=r"TODO at labels, input\.scale"):
        parse_card(text)
    text = (
        f"{SOUND}label_titles: {{NORMAL: {{en: Sound, es: TODO}}}}\n"
        "page: {example_credit: {en: TODO}}\n"
    ).replace("labels: [NORMAL, PNEUMONIA]", "labels: [NORMAL, TODO]")
    wanted = "TODO at labels.1, label_titles.NORMAL.es, page.example_credit.en."
    with pytest.raises(CardError, match=re.escape(wanted)):
        parse_card(text)


def test_a_card_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "c.card.yaml").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(CardError, match="cannot be read"):
        read_card(tmp_path / "c.card.yaml")


# YAML folds control characters and exotic line ends; no label has them.
texts = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
scales = st.sampled_from(["none", "1/255", "1/127.5-1", "per_picture"]) | st.fixed_dictionaries(
    {
        "divide_by": st.floats(0.1, 300),
        "mean": st.lists(st.floats(-10, 10), min_size=1, max_size=1),
        "std": st.lists(st.floats(0.1, 10), min_size=1, max_size=1),
    }
)


@given(
    scale=scales,
    labels=st.lists(st.text(texts, min_size=1, max_size=20), min_size=2, max_size=2, unique=True),
    threshold=st.floats(0.01, 0.99),
    colour=st.sampled_from(["grey", "rgb", "bgr"]),
    use=st.text(texts, max_size=100),
    notice=st.text(texts, max_size=100)
    | st.dictionaries(
        st.sampled_from(["en", "es", "no"]), st.text(texts, max_size=9).filter(str.strip)
    ),
)
def test_a_card_that_is_written_reads_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    scale: Any,
    labels: list[str],
    threshold: float,
    colour: str,
    use: str,
    notice: Any,
) -> None:
    original = card(
        input={"scale": scale, "colour": colour},
        output={"threshold": threshold},
        labels=labels,
        intended_use=use,
        notice=notice,
    )
    path = tmp_path_factory.getbasetemp() / "round-trip.card.yaml"
    write_card(original, path)
    assert read_card(path) == original


def found(of: ModelCard, **changes: Any) -> ModelSignature:
    return ModelSignature(**{**vars(signature(of)), **changes})


def test_a_card_and_a_model_that_agree_have_no_disagreements() -> None:
    assert list(disagreements(card(), signature(card()))) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"height": 9}, "takes 9 x 8 x 1"),
        ({"channels": 3}, "takes 8 x 8 x 3"),
        ({"units": 2, "activation": "sigmoid"}, "the model gives 2"),
        ({"activation": "softmax"}, "ends in 'softmax'"),
        ({"activation": "linear"}, "ends in 'linear'"),
    ],
)
def test_each_point_of_disagreement_says_both_sides(changes: dict[str, Any], said: str) -> None:
    sentences = list(disagreements(card(), found(card(), **changes)))
    assert len(sentences) == 1
    assert said in sentences[0]


def test_a_signature_survives_being_written_into_a_file() -> None:
    written = found(card(), features=(3, 4, 5))
    assert ModelSignature.from_metadata(written.to_metadata()) == written


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"height": 1}', "null"])
def test_a_foreign_signature_is_none(text: str) -> None:
    assert ModelSignature.from_metadata({"vistazo.models.signature": text}) is None


def test_a_written_card_of_texts_says_its_task(tmp_path: Path) -> None:
    original = TextCard(name="news", version="1", labels=("lie", "truth"))
    write_card(original, tmp_path / "news.card.yaml")
    assert (tmp_path / "news.card.yaml").read_text().startswith("task: text\n")
    assert find_card_of(tmp_path / "news.card.yaml", TEXTS) == original
