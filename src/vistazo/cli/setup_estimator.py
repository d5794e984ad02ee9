"""``vistazo setup`` of a file of scikit-learn: it needs nothing, and is tried."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from vistazo.cli.inspect_estimator import overview
from vistazo.cli.next_step import how_to_serve, serve_now
from vistazo.loading import load_model
from vistazo.models.compilation import EstimatorFiles, describe_estimator
from vistazo.models.estimator_import.file_kind import is_estimator
from vistazo.pictures.reader import DirectReader
from vistazo.samples.classifier import SampleClassifier
from vistazo.service.settings import Settings

_IS_VECTORIZER = re.compile("vect|tfidf|tf_idf|tf-idf|count", re.IGNORECASE)


def set_up_estimator(files: EstimatorFiles, settings: Settings, *, serve: bool) -> None:
    """Load it as the service does, and say what it is. Raises ModelError in words."""
    source = replace(settings.model_source.of(files.model), vectorizer=files.vectorizer)
    classifier = load_model(source, DirectReader(settings.image_limits))
    found = describe_estimator(files, settings.loading_policy)
    click.echo("\n".join(overview(files, classifier.identity.sha256, found)))
    click.echo(f"\n{classifier.card.name}: {', '.join(classifier.card.labels)}")
    takes_rows = isinstance(classifier, SampleClassifier) and classifier.takes == "rows"
    for beside in _vectorizers(files) if takes_rows else ():
        name = shlex.quote(str(beside))
        click.echo(f"Does {name} belong to it? Then it takes texts: --vectorizer {name}")
    classifier.close()
    if serve:
        chosen = {"model_path": files.model, "vectorizer_path": files.vectorizer}
        serve_now(settings.model_copy(update={**chosen, "model_card": None}))
    else:
        click.echo(f"\nNext: {how_to_serve(files.model, vectorizer=files.vectorizer)}")


def _vectorizers(files: EstimatorFiles) -> Iterator[Path]:
    """What lies beside the model, and has a name as people give it to a vectorizer's file."""
    for path in sorted(files.model.parent.iterdir()):
        is_other = path not in (files.model, files.vectorizer) and path.is_file()
        if is_other and _IS_VECTORIZER.search(path.stem) and is_estimator(path):
            yield path
