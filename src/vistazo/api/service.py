"""The classifier behind the API, and whether it can answer."""

from __future__ import annotations

from vistazo.classifier import Classifier, ModelIdentity
from vistazo.errors import NotReadyError
from vistazo.service.admission import Admission
from vistazo.service.reception import Reception
from vistazo.service.reload import Reloader


class Service:
    """Starting, then ready, then draining."""

    def __init__(self, reloader: Reloader, admission: Admission, reception: Reception) -> None:
        self.reloader = reloader
        self.admission = admission
        self.reception = reception
        self.is_draining = False

    @property
    def classifier(self) -> Classifier:
        """For one request, which takes it once: the next may get another model's.

        Raises NotReadyError while starting or draining.
        """
        if self.is_draining:
            raise NotReadyError("The service is shutting down.")
        if self.reloader.classifier is None:
            raise NotReadyError("The service is starting.")
        return self.reloader.classifier

    @property
    def identity(self) -> ModelIdentity | None:
        """Of the model that answers; None while none does."""
        classifier = None if self.is_draining else self.reloader.classifier
        return None if classifier is None else classifier.identity

    def turn_away(self) -> None:
        """Take no new work. Those who are being served get their answer."""
        self.is_draining = True
        self.reloader.close()

    def drain(self) -> None:
        """Take no new work; finish what runs."""
        self.turn_away()
        self.admission.close()
        if self.reloader.classifier is not None:
            self.reloader.classifier.close()
