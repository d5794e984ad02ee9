"""The card of a model of texts or rows: one that was written, or what its file says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vistazo.errors import CardError
from vistazo.models.card import Card, ModelCard
from vistazo.models.card_file import ROWS, TEXTS, card_path, find_card_of, validate_card_of
from vistazo.models.conclusions import card_name
from vistazo.models.drafting import CardHints, Conclusion, check_labels_agree, shown
from vistazo.models.labels import FoundLabels, labels_beside, read_labels
from vistazo.models.plan.summary import PlanSummary
from vistazo.models.sample_card import RowCard, SampleCard

_VERSION_DIGITS = 8


@dataclass(frozen=True)
class CardPlaces:
    """Where a card may be: ``card`` or beside ``model``; labels likewise."""

    model: Path
    card: Path | None = None
    labels: Path | None = None


def settle_sample_card(
    summary: PlanSummary, sha256: str, places: CardPlaces, hints: CardHints
) -> tuple[SampleCard, tuple[Conclusion, ...]]:
    """The card that was written; else one of what the file says, and how each field is known.

    Raises CardError where it and the file disagree.
    """
    place = places.card or card_path(places.model)
    card = find_written_card(place, summary)
    if card is None and places.card is not None and not place.exists():
        raise CardError(f"There is no model card at {place}.")
    if card is None:
        return _concluded(summary, sha256, places, hints)
    check_card(card, summary, sha256, place)
    if hints.labels not in (None, card.labels):
        raise CardError(
            f"LABELS says {shown(hints.labels)}, the card {place} says {shown(card.labels)}. A "
            "card needs no such variable: take it away, or correct the card."
        )
    return card, ()


def find_written_card(place: Path, summary: PlanSummary) -> SampleCard | None:
    """None where there is no card, or an empty one. Raises CardError."""
    if summary.takes == "texts":
        return find_card_of(place, TEXTS)
    return find_card_of(place, ROWS)


def check_card(card: Card, summary: PlanSummary, sha256: str, place: Path) -> None:
    """Raise CardError with a line for each point on which a card contradicts its file."""
    lines = [f"  {fault}" for fault in disagreements(card, summary, sha256)]
    if lines:
        raise CardError(f"The model and its card {place} disagree:\n" + "\n".join(lines))


def disagreements(card: Card, summary: PlanSummary, sha256: str) -> list[str]:
    """Sentences that say both sides."""
    faults = []
    known = tuple(str(label) for label in summary.labels)
    if card.sha256 not in (None, sha256):
        faults.append(f"The card is for the file with sha256 {card.sha256}, this one has {sha256}.")
    if len(card.labels) != len(known):
        faults.append(f"The card has {shown(card.labels)}, the file {shown(known)}.")
    elif set(card.labels) & set(known) and card.labels != known:
        faults.append(
            f"The card says {shown(card.labels)}, the file's classes_ are in another order: "
            f"{', '.join(known)}. Answers come in the order of the file."
        )
    columns = card.input.columns if isinstance(card, RowCard) else ()
    if columns and len(columns) != summary.n_features:
        faults.append(
            f"The card names {len(columns)} columns, the model takes {summary.n_features}."
        )
    if isinstance(card, ModelCard) and (card.more_outputs or card.output.name):
        faults.append("The card speaks of several outputs; a file of scikit-learn has one.")
    return faults


def _concluded(
    summary: PlanSummary, sha256: str, places: CardPlaces, hints: CardHints
) -> tuple[SampleCard, tuple[Conclusion, ...]]:
    labels, why = _labels(summary, places, hints)
    name, version = card_name(places.model), sha256[:_VERSION_DIGITS]
    document = {"name": name, "version": version, "labels": labels}
    source = f"The card that was concluded for {places.model}"
    conclusions = (
        Conclusion("name", name, "the name of the file"),
        Conclusion("version", version, "the beginning of the file's SHA-256"),
        Conclusion("labels", ", ".join(labels), why),
    )
    if summary.takes == "texts":
        return validate_card_of(document, TEXTS, source), conclusions
    return validate_card_of(document, ROWS, source), conclusions


def _labels(
    summary: PlanSummary, places: CardPlaces, hints: CardHints
) -> tuple[tuple[str, ...], str]:
    """Of the file, or the names that a file beside it or LABELS gives; and how they are known."""
    found = _found_labels(places)
    check_labels_agree(hints, found)
    own = tuple(str(label) for label in summary.labels)
    if found is not None:
        named, why = found.labels, f"{found.path.name} beside the model"
    elif hints.labels is not None:
        named, why = hints.labels, "LABELS"
    else:
        return own, "the classes_ in the file"
    if len(named) != len(own) or (set(named) & set(own) and named != own):
        raise CardError(
            f"{why} gives {shown(named)}, but the file's classes_ are {', '.join(own)}. Give the "
            "names in that order, or none."
        )
    return named, why


def _found_labels(places: CardPlaces) -> FoundLabels | None:
    if places.labels is not None:
        return FoundLabels(read_labels(places.labels), places.labels)
    return labels_beside(places.model)
