"""The classifier behind the API, and whether it can answer."""

from __future__ import annotations

from collections.abc import Callable

from vistazo.classifier import Classifier, ModelIdentity
from vistazo.errors import NotReadyError
from vistazo.service.admission import Admission
from vistazo.service.reception import Reception


class Service:
    """Starting, then ready, then draining."""

    def __init__(
        self, load: Callable[[], Classifier], admission: Admission, reception: Reception
    ) -> None:
        self.admission = admission
        self.reception = reception
        self._load = load
        self._classifier: Classifier | None = None
        self.is_draining = False

    def start(self) -> None:
        """Load the classifier. Blocks; raises ModelError."""
        self._classifier = self._load()

    @property
    def classifier(self) -> Classifier:
        """Raises NotReadyError while starting or draining."""
        if self.is_draining:
            raise NotReadyError("The service is shutting down.")
        if self._classifier is None:
            raise NotReadyError("The service is starting.")
        return self._classifier

    @property
    def identity(self) -> ModelIdentity | None:
        """Of the model that answers; None while none does."""
        if self.is_draining or self._classifier is None:
            return None
        return self._classifier.identity

    def turn_away(self) -> None:
        """Take no new work. Those who are being served get their answer."""
        self.is_draining = True

    def drain(self) -> None:
        """Take no new work; finish what runs."""
        self.turn_away()
        self.admission.close()
        if self._classifier is not None:
            self._classifier.close()
