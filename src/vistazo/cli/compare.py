"""vistazo compare."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from vistazo import __version__
from vistazo.classifier import Classifier
from vistazo.cli.comparison_table import comparison_report
from vistazo.cli.gate import SHUT, SOME_LEFT_OUT
from vistazo.cli.labelled_data import LabelledData, with_labelled_data
from vistazo.errors import SettingsError
from vistazo.loading import AnyClassifier
from vistazo.samples.classifier import SampleClassifier
from vistazo.service.settings import Settings
from vistazo.service.telemetry import tell_a_person_who_waits
from vistazo.training.evaluation import RESAMPLES
from vistazo.training.measures import FIGURES
from vistazo.training.paired import SWAPS, PairedFigure, paired_figures
from vistazo.training.pairing import Pair, check_labels, pair_of_pictures, pair_of_samples
from vistazo.training.progress import Progress
from vistazo.training.selection import first_part
from vistazo.training.verdict import RULE, check_decides, deciding_figure, judge, sentence

_TESTED = ("auc", "accuracy")


@click.command(name="compare")
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@with_labelled_data
@click.option(
    "--by",
    type=click.Choice(list(FIGURES)),
    help="The figure that decides. By default auc for two labels, and accuracy for more.",
)
@click.option("--json", "is_json", is_flag=True, help="Print JSON instead of a table.")
def command(where: LabelledData, a: Path, b: Path, by: str | None, *, is_json: bool) -> int:
    """Say whether model B, the new one, is better than model A on DATA.

    Both are asked as they are served, each with its own card beside it. They have the same labels,
    in whatever order; input size, threshold and all else may differ. DATA is what 'vistazo
    evaluate' takes. What one of them cannot classify is reported, and left out of both.

    Of each figure it prints the difference, B - A, with a 95 % interval from resampling groups, the
    same for both. Pictures of one patient, plant or mould are no independent evidence: --group
    says which belong together. p is how often chance alone gives such a difference: for the
    accuracy by McNemar's exact test, for others by swapping the two models' answers.

    One figure decides, --by: B is better or worse where its interval leaves out 0 and p is below
    0.05. The other figures are there to be looked at: of many, one differs by chance.

    With --training only what that run held out is compared, and only where it held it out from
    both models.

    Exit status: 0 where B is not worse, 1 where it is not but something was left out, 3 where B
    is worse, 2 where that cannot be told.

    \b
    Examples:
      vistazo compare old.keras new.keras labelled_pictures/
      vistazo compare old.keras new.keras pictures/ --group '(person\\d+)' --by sensitivity
      vistazo compare old.joblib new.joblib labelled_texts.csv --group-column source --json
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    settings, progress = Settings.from_environment(), Progress()
    tell_a_person_who_waits(settings.log_level)
    models = where.load(a, settings), where.load(b, settings)
    _check_kinds(models)
    check_labels(models[0].card.labels, models[1].card.labels)
    pair, sha256 = _asked(models, (a, b), where, settings.threads, progress)
    by = deciding_figure(pair, by)
    figures = paired_figures(pair.a, pair.b, {*_TESTED, by})
    check_decides(figures, by)
    verdict = judge(by, figures[by])
    document = _document((a, b), models, pair, figures) | {
        "by": by,
        "verdict": verdict,
        "said": sentence(by, figures[by], verdict, pair),
    }
    document["data"]["sha256"] = sha256
    if document["is_same"]:
        document["said"] = "A and B are the same model with the same card: nothing can differ."
    as_json = json.dumps(document, indent=2, ensure_ascii=False)
    click.echo(as_json if is_json else "\n".join(comparison_report(document, pair, figures)))
    if verdict == "worse":
        return SHUT
    return SOME_LEFT_OUT if pair.left_out else 0


def _check_kinds(models: Sequence[AnyClassifier]) -> None:
    a, b = ("pictures" if isinstance(each, Classifier) else each.takes for each in models)
    if a != b:
        raise SettingsError(f"A takes {a}, and B takes {b}: they cannot be compared.")


def _asked(
    models: tuple[AnyClassifier, AnyClassifier],
    paths: Sequence[Path],
    where: LabelledData,
    threads: int,
    progress: Progress,
) -> tuple[Pair, str]:
    """What both answered, and the SHA-256 of the data."""
    a, b = models
    if isinstance(a, SampleClassifier) and isinstance(b, SampleClassifier):
        read = where.read(a), where.read(b)
        return pair_of_samples((a, b), read, progress), read[0].sha256
    if isinstance(a, SampleClassifier) or isinstance(b, SampleClassifier):
        raise TypeError("two kinds of models were not told apart")
    _check_order(where.data, a.card.labels, b.card.labels)
    selection = first_part(where.select(a.card.labels, paths, progress))
    return pair_of_pictures((a, b), selection, threads, progress), selection.sha256


def _check_order(data: Path | None, a: Sequence[str], b: Sequence[str]) -> None:
    if data is not None and data.suffix == ".npz" and tuple(a) != tuple(b):
        raise SettingsError(
            f"{data} has numbers for labels, and A and B have theirs in different orders: which is "
            "meant cannot be told. Give a folder for each label instead."
        )


def _document(
    paths: Sequence[Path],
    models: Sequence[AnyClassifier],
    pair: Pair,
    figures: dict[str, PairedFigure],
) -> dict[str, Any]:
    described = [
        {"file": str(path), **asdict(model.identity)}
        for path, model in zip(paths, models, strict=True)
    ]
    return {
        "a": described[0],
        "b": described[1],
        "is_same": models[0].card == models[1].card and models[0].identity == models[1].identity,
        "data": {
            pair.a.what: pair.given,
            "not_classified": {"by_a": pair.refused_by_a, "by_b": pair.refused_by_b},
            "compared": len(pair.a),
            "compared_per_label": {
                name: int((pair.a.labels == k).sum()) for k, name in enumerate(pair.a.names)
            },
            "groups": len(set(pair.a.groups.tolist())),
        },
        "how": {
            "scored_with": f"Vistazo {__version__}, as served, each with its own card.",
            "intervals": f"95 %: percentile bootstrap over groups, {RESAMPLES} resamples, the same "
            "for both.",
            "tests": "Accuracy: McNemar 1947, exact, with the signs of whole groups; others: "
            f"swaps of the answers to whole groups (Bandos et al. 2005), {SWAPS} at random.",
            "verdict": RULE,
        },
        "figures": {name: figure.to_json() for name, figure in figures.items()},
    }
