"""The pictures, texts or rows of known label that a command is told to ask models about."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from vistazo.cli.weights_file import weights_file
from vistazo.errors import ModelError
from vistazo.loading import AnyClassifier, load_model
from vistazo.pictures.reader import DirectReader
from vistazo.samples.classifier import SampleClassifier
from vistazo.service.settings import Settings
from vistazo.training.belonging import check_group_pattern
from vistazo.training.config import read_config
from vistazo.training.labelled_samples import LabelledSamples, read_labelled
from vistazo.training.progress import Progress
from vistazo.training.selection import Selection, check_run, select_all, select_held_out


@dataclass(frozen=True)
class LabelledData:
    """What the options of ``with_labelled_data`` say; ``data`` or ``training`` is given."""

    data: Path | None
    training: Path | None
    group: str | None
    vectorizer: Path | None
    text_column: str | None
    label_column: str | None
    group_column: str | None

    def load(self, model: Path, settings: Settings) -> AnyClassifier:
        """The model as it would be served. Raises ModelError that names it."""
        source = settings.model_source.of(model, weights_file(model, settings))
        source = replace(source, vectorizer=self.vectorizer or settings.vectorizer_path)
        if source.out_of_distribution == "reject":  # what would be refused is counted instead
            source = replace(source, out_of_distribution="warn")
        try:
            return load_model(source, DirectReader(settings.image_limits))
        except ModelError as error:
            if str(model) in str(error):
                raise
            raise type(error)(f"{model}: {error}") from error

    def select(
        self, labels: Sequence[str], models: Sequence[Path], progress: Progress
    ) -> Selection:
        """The pictures to ask about, whose labels are places among ``labels``. Raises as
        ``select_held_out`` and ``check_run``.
        """
        if self.training is not None:
            config = read_config(self.training, self.data)
            selection = select_held_out(config, labels, progress)
            for model in models:
                check_run(model, config, selection, progress)
            return selection
        return select_all(self._named("pictures"), labels, self.group)

    def read(self, classifier: SampleClassifier) -> LabelledSamples:
        """The table, as a model of texts or rows reads it. Raises SettingsError."""
        if self.training is not None or self.group is not None:
            raise click.UsageError(
                "--training and --group are for pictures; of a table name the column of groups: "
                "--group-column."
            )
        return read_labelled(
            self._named("table"),
            classifier,
            texts=self.text_column,
            labels=self.label_column,
            groups=self.group_column,
        )

    def _named(self, what: str) -> Path:
        if self.data is None:
            raise click.UsageError(f"Name the {what} to measure: DATA.")
        return self.data


def with_labelled_data(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the argument DATA and the options about it, as ``where``."""

    @functools.wraps(command)
    def gathered(**given: Any) -> int:
        fields = {name: given.pop(name) for name in LabelledData.__dataclass_fields__}
        where = LabelledData(**fields)
        _check(where)
        return command(where=where, **given)

    decorated: Callable[..., int] = gathered
    for decorate in reversed(_OPTIONS):
        decorated = decorate(decorated)
    return decorated


def _check(where: LabelledData) -> None:
    if where.data is None and where.training is None:
        raise click.UsageError("Missing argument 'DATA' (with --training it may be left out).")
    if where.group is not None and where.training is not None:
        raise click.UsageError("--training says itself what belongs together; leave out --group.")
    if where.group is not None:
        try:
            check_group_pattern(where.group)
        except ValueError as error:
            raise click.UsageError(f"--{error}.") from error


_PATH = click.Path(path_type=Path)
_OPTIONS = (
    click.argument("data", type=_PATH, required=False),
    click.option(
        "--training",
        type=_PATH,
        metavar="CONFIG",
        help="The file that a model of pictures was trained with: ask only about what that run "
        "held out.",
    ),
    click.option(
        "--group",
        metavar="REGEX",
        help="What pictures belong to, such as a patient: a regular expression whose first group "
        "names it, matched at the start of a file's name.",
    ),
    click.option("--vectorizer", type=_PATH, help="Instead of VECTORIZER_PATH."),
    click.option("--text-column", metavar="NAME", help="The column of the texts in DATA."),
    click.option("--label-column", metavar="NAME", help="The column of the labels in DATA."),
    click.option(
        "--group-column",
        metavar="NAME",
        help="A column of what belongs together, such as a source.",
    ),
)
