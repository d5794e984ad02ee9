"""A loaded model, for Python programs: the use case of the service, without the service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self, overload

from vistazo.errors import InputError
from vistazo.loading import AnyClassifier
from vistazo.python.answer import Answer, Explanation
from vistazo.python.asked import Asked, One, Row, Several


class Model:
    """What ``vistazo.load`` gives. Safe to use from several threads at once; ``close`` waits for
    what they do. Ends with its ``with`` block, too.

    A sample is what the model ``takes``: ``pictures``, ``texts`` or ``rows``.

    * A picture: the path of a file, its bytes, a picture of Pillow, or an array of NumPy: uint8
      (h, w) or (h, w, 3) in the order red, green, blue; greys also as uint16; bool.
    * A text: a str.
    * A row: a list, a tuple or an array of numbers; None or NaN is a missing one.

    ``name``, ``version`` and ``sha256`` say which model it is, ``labels`` stand in the order of its
    outputs, ``card`` is the model's card, and ``warnings`` are reasons to doubt the model or the
    card, whatever the sample: sentences.
    """

    def __init__(self, classifier: AnyClassifier, asked: Asked) -> None:
        self._asked = asked
        self.takes = asked.takes
        self.name = classifier.identity.name
        self.version = classifier.identity.version
        self.sha256 = classifier.identity.sha256
        self.labels = classifier.card.labels
        self.warnings = classifier.warnings
        self.card: dict[str, Any] = classifier.card.model_dump(mode="json")

    @overload
    def predict(self, sample: One, *, frame: int | None = None) -> Answer: ...
    @overload
    def predict(self, sample: Row) -> Answer: ...
    @overload
    def predict(self, sample: Several, *, frame: int | None = None) -> list[Answer]: ...
    def predict(
        self, sample: One | Row | Several, *, frame: int | None = None
    ) -> Answer | list[Answer]:
        """Classify a sample, or a list of them: pictures several at a time, on the threads.

        ``frame``, from 1, is the one to look at of a DICOM file of several; by default the one that
        its header calls representative, else the first.

        Raises InputError, with a stable ``code``, where one cannot be classified (of a list the
        first such, and a note says which), TypeError for what is no sample at all, and RequestError
        once the model is closed.
        """
        asked = self._at(frame)
        if not asked.is_several(sample):
            return asked.answer(sample)
        answers: list[Answer] = []
        for found in asked.answers(sample):
            if isinstance(found, InputError):
                found.add_note(f"This is number {len(answers) + 1} of {len(sample)}.")
                raise found
            answers.append(found)
        return answers

    def predict_each(
        self, samples: Iterable[Any], *, frame: int | None = None
    ) -> Iterator[Answer | InputError]:
        """Classify many samples: in their order, each as soon as it is there, the answer or the
        reason why there is none. Of pictures a few are held at a time, however many come; an array
        or a picture of Pillow may be used again for the next, a file stays until its answer.
        ``frame`` is as in ``predict``.

        Raises TypeError and RequestError as ``predict``.
        """
        yield from self._at(frame).answers(samples)

    def explain(
        self, sample: One, label: str | None = None, *, frame: int | None = None
    ) -> Explanation:
        """Classify a picture or a text, and find what speaks for ``label``, by default the
        predicted class; ``frame`` is as in ``predict``.

        Raises as ``predict``, UnknownLabelError for a label that the model does not have, and
        RequestError for a row.
        """
        return self._at(frame).explain(sample, label)

    def _at(self, frame: int | None) -> Asked:
        return self._asked if frame is None else self._asked.at_frame(frame)

    def close(self) -> None:
        """Give back the memory, once what runs has ended. May be called again."""
        self._asked.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"<vistazo.Model {self.name} {self.version} of {self.takes}, sha256 {self.sha256[:12]}>"
        )
