"""What the page tells of the model itself: how good it is, and reasons to doubt it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from builders import card, signature
from page import stubs
from page.windows import speak
from vistazo.models.conclusions import draft_card
from vistazo.models.drafting import CardHints, Conclusion
from vistazo.models.labels import FoundLabels
from worth_cases import CASES

OpenPage = Callable[..., Any]

SENTENCES = ["The card says input.scale 'none'. Set it to '1/255'.", "<b>The baseline</b> is old."]
PHONE = {"width": 320, "height": 800}


def concluded(*labels: str) -> tuple[Conclusion, ...]:
    """All that is concluded for somebody who has no more than a small model and a labels.txt."""
    model = signature(card(labels=list(labels), output={"kind": "softmax"}))
    beside = FoundLabels(labels, Path("labels.txt"))
    draft = draft_card(Path("castings.h5"), "ab12" * 16, model, CardHints(scale="none"), beside)
    assert not draft.missing
    return draft.conclusions


def described(**fields: Any) -> dict[str, stubs.Stub]:
    return {"**/model": stubs.changed(**fields)}


def test_reasons_to_doubt_the_model_stand_above_every_answer_in_the_words_of_the_service(
    open_page: OpenPage, a_film: Path
) -> None:
    page = open_page(described(warnings=SENTENCES), viewport=PHONE)
    page.set_input_files("#files", a_film)
    page.wait_for_selector("#list li:not(.pending)")
    banner = page.get_by_role("region", name="The person who runs this service should know:")
    assert banner.locator("[lang=en]").all_inner_texts() == SENTENCES
    above, below = (part.bounding_box() for part in (banner, page.locator("#list")))
    assert above["y"] + above["height"] <= below["y"]
    speak(page, "Español")
    banner = page.get_by_role("region", name="Quien lleva este servicio debería saber:")
    assert banner.locator("[lang=en]").all_inner_texts() == SENTENCES


def test_of_a_model_that_nobody_doubts_and_whose_card_was_written_nothing_is_said(
    open_page: OpenPage,
) -> None:
    page = open_page(described(warnings=[], conclusions=[]))
    assert page.locator("#doubts").is_hidden()
    assert page.locator("#about .concluded").count() == 0


def test_who_wrote_no_card_sees_what_was_concluded_instead_and_why(open_page: OpenPage) -> None:
    known = concluded("whole", "broken")
    page = open_page(described(conclusions=[asdict(each) for each in known]))
    for language, caption, labels in (
        ("English", "No card was written for this model", "Labels, in order"),
        ("Español", "Nadie escribió una ficha para este modelo", "Etiquetas, en orden"),
    ):
        speak(page, language)
        table = page.get_by_role("table", name=caption)
        rows = [row.locator("th, td").all_inner_texts() for row in table.locator("tbody tr").all()]
        assert [row[1:] for row in rows] == [[each.value, each.why] for each in known]
        assert [labels, "whole, broken", "labels.txt beside the model"] in rows
        assert table.locator("td[lang=en]").all_inner_texts() == [each.why for each in known]
        # A field that has no name of its own is shown as "Input size".
        assert not any(name.startswith(("Input ", "Output ")) for name, *_ in rows)


def test_a_thousand_labels_are_cut_short_and_the_page_stays_as_wide_as_the_window(
    open_page: OpenPage,
) -> None:
    known = concluded(*(f"{'a_long_label_' * 8}{number}" for number in range(1000)))
    conclusions = [asdict(each) for each in known]
    page = open_page(described(warnings=SENTENCES, conclusions=conclusions), viewport=PHONE)
    shown = page.locator("#about td", has_text="a_long_label").inner_text()
    assert len(shown) < 400
    assert shown.endswith(" …")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_what_the_model_is_and_how_good_comes_from_its_card(open_page: OpenPage) -> None:
    own = {"pictures": 626, "auc": {"value": 0.99, "low": 0.98, "high": 1}}
    own |= {"sensitivity": {"value": 0.91}, "specificity": {"value": 0.88}}
    own["best_threshold"] = {"threshold": 0.3, "sensitivity": {"value": 0.95}}
    strangers = {"pictures": 80, "out_of_distribution": {"value": 0.95, "low": 0.9, "high": 0.99}}
    strangers |= {"title": {"en": "Adults", "es": "Adultos"}, "note": "<b>Nadie</b> los eligió."}
    card = {
        "name": "pneumonia",
        "version": "1",
        "labels": ["NORMAL", "PNEUMONIA"],
        "output": {"kind": "sigmoid", "threshold": 0.4},
        "figures": {"unseen": own, "strangers": strangers},
        "limits": "No se midió en adultos.",
        "language": "es",
    }
    costs = [{"en": "A thousand cost 12 EUR.", "es": "Mil cuestan 12 EUR."}]
    page = open_page({"**/model": stubs.changed(card=card, costs=costs)})
    lines = page.locator("#about .worth li").all_inner_texts()
    assert lines.pop() == "A thousand cost 12 EUR."
    assert lines[0].startswith("Unseen (626 pictures): of 100 PNEUMONIA pictures it misses 9; ")
    assert lines[1] == (
        "Adults (80 pictures): of 100 pictures it marks 95 (90 to 99) as not of the kind it knows. "
        "<b>Nadie</b> los eligió."
    )
    spanish = page.locator("#about [lang=es]").all_inner_texts()
    assert spanish == ["<b>Nadie</b> los eligió.", "No se midió en adultos."]
    assert page.locator("#title").get_attribute("lang") == "es"
    table = page.get_by_role("table", name="Figures")
    assert "object" not in table.inner_text()
    assert table.locator("thead th").all_inner_texts() == ["Figure", "Unseen", "Adults"]
    cells = [row.locator("td").all_inner_texts() for row in table.locator("tbody tr").all()]
    dash = "\N{EN DASH}"
    assert cells[:2] == [["626", "80"], [f"0.990 (0.980 {dash} 1)", dash]]
    assert cells[-1] == [dash, f"95% (90% {dash} 99%)"]
    speak(page, "Español")
    assert (
        page.locator("#about .worth li")
        .nth(1)
        .inner_text()
        .startswith(
            "Adultos (80 imágenes): de cada 100 imágenes avisa en 95 (de 90 a 99) de que no son del"
        )
    )


def test_the_page_tells_how_good_a_model_is_by_the_rule_of_the_command_line(
    open_page: OpenPage,
) -> None:
    cards = [
        {"language": "en", "figures": {case.name: case.group}, "labels": case.labels, **case.card}
        for case in CASES
    ]
    told = open_page(wait=False).evaluate(
        """async (cards) => {
            const { worthOf } = await import("/page/worth.js");
            const sentence = ({ group, count, told, note }) =>
                `${group.text}${count && ` (${count})`}: ${told}. ${note.text}`.trim();
            return cards.map((card) => worthOf(card).map(sentence).join(" "));
        }""",
        cards,
    )
    assert told == [case.told for case in CASES]
