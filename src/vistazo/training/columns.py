"""Which column of a table holds the texts, and which the labels."""

from __future__ import annotations

from collections.abc import Sequence

from vistazo.errors import SettingsError
from vistazo.training.tables import Table, written

_TEXTS = ("text", "texts", "texto", "textos", "content", "contenido", "body", "message", "mensaje")
_LABELS = (
    "label", "labels", "etiqueta", "class", "clase", "target", "category", "categoria", "categoría",
    "y",
)  # fmt: skip


def text_column(table: Table, asked: str | None = None) -> str:
    """The column ``asked`` for; else the one with a usual name, or the only one there is.

    Raises SettingsError.
    """
    if asked is not None:
        return named_column(table, asked, "--text-column")
    found = _of_usual_names(table, _TEXTS)
    if found is not None:
        return found
    if len(table.names) == 1:
        return table.names[0]
    raise SettingsError(_which(table, "the texts", "--text-column", _TEXTS[0]))


def label_column(table: Table, labels: Sequence[str], asked: str | None = None) -> str:
    """The column ``asked`` for; else the one with a usual name, or the only one of ``labels``.

    Raises SettingsError.
    """
    if asked is not None:
        return named_column(table, asked, "--label-column")
    found = find_label_column(table, labels)
    if found is None:
        raise SettingsError(_which(table, "the labels", "--label-column", _LABELS[0]))
    return found


def find_label_column(table: Table, labels: Sequence[str]) -> str | None:
    """As ``label_column`` where none is asked for; None where it cannot be told."""
    found = _of_usual_names(table, _LABELS)
    if found is not None:
        return found
    known = {label.casefold() for label in labels}
    of_labels = [
        name
        for name in table.names
        if table.rows and all(written(cell).casefold() in known for cell in table.column(name))
    ]
    return of_labels[0] if len(of_labels) == 1 else None


def _of_usual_names(table: Table, usual: Sequence[str]) -> str | None:
    lower = {name.strip().casefold(): name for name in reversed(table.names)}
    return next((lower[name] for name in usual if name in lower), None)


def named_column(table: Table, asked: str, option: str) -> str:
    """The column ``asked`` for with an option. Raises SettingsError."""
    if asked in table.names:
        return asked
    raise SettingsError(f"{table.source} has no column '{asked}' ({option}). {_has(table)}")


def _which(table: Table, what: str, option: str, usual: str) -> str:
    return (
        f"Which column of {table.source} holds {what}? {_has(table)} Name it: {option} COLUMN, or "
        f"call it '{usual}'."
    )


def _has(table: Table) -> str:
    if not table.names:
        return "Its first line does not name its columns."
    return f"It has {', '.join(table.names)}."
