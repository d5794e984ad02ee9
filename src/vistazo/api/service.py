"""The classifier behind the API, and whether it can answer."""

from __future__ import annotations

from vistazo.classifier import Classifier, ModelIdentity
from vistazo.errors import NotReadyError
from vistazo.loading import AnyClassifier
from vistazo.service.admission import Admission
from vistazo.service.reception import Reception
from vistazo.service.reload import AskedBy, Reload, Reloader, Shadow


class Service:
    """Starting, then ready, then draining."""

    def __init__(
        self,
        reloader: Reloader,
        admission: Admission,
        reception: Reception,
        shadow: Shadow | None = None,
    ) -> None:
        self.reloader = reloader
        self.admission = admission
        self.reception = reception
        self.shadow = shadow
        self.is_draining = False
        self._refuses = False

    @property
    def reloaders(self) -> tuple[Reloader, ...]:
        """Of the model that answers and, where there is one, the next."""
        return (self.reloader,) if self.shadow is None else (self.reloader, self.shadow.reloader)

    @property
    def classifier(self) -> AnyClassifier:
        """For a request that comes. Raises NotReadyError while starting, or at the end."""
        if self._refuses:
            raise NotReadyError("The service is shutting down.")
        return self.classifier_for_accepted

    def refuse_unless_ready(self) -> None:
        """Raises NotReadyError while starting or draining."""
        if self.is_draining:
            raise NotReadyError("The service is shutting down.")
        _ = self.classifier

    @property
    def classifier_for_accepted(self) -> AnyClassifier:
        """For a request whose pictures are there, also while draining. It takes it once, and only
        then: the next may get another model's, and a slow upload keeps no former one in memory.

        Raises NotReadyError while starting.
        """
        if self.reloader.classifier is None:
            raise NotReadyError("The service is starting.")
        return self.reloader.classifier

    @property
    def is_starting(self) -> bool:
        """There has been no model yet."""
        return self.reloader.classifier is None

    @property
    def card_route(self) -> str | None:
        """The path that the card of the model adds; None where it adds none, or while starting."""
        served = self.reloader.classifier
        return None if served is None or isinstance(served, Classifier) else served.card.route

    @property
    def identity(self) -> ModelIdentity | None:
        """Of the model that answers; None while none does."""
        classifier = None if self.is_draining else self.reloader.classifier
        return None if classifier is None else classifier.identity

    async def reload(self, asked_by: AskedBy) -> Reload:
        """Read the model again, and the next one, where there is one. Says what became of the
        first. Raises NotReadyError while shutting down.
        """
        outcome = await self.reloader.reload(asked_by)
        if self.shadow is not None:
            await self.shadow.load(asked_by)
        return outcome

    def begin_to_drain(self) -> None:
        """Say that it is no longer ready, and with each answer that it is the connection's last.
        Whoever still comes is served, until the port is closed: nobody is refused for the moment
        in which he asked.
        """
        self.is_draining = True
        if self.is_starting:
            self.turn_away()

    def turn_away(self) -> None:
        """Take no new work. Those who are being served get their answer."""
        self.is_draining = self._refuses = True
        for reloader in self.reloaders:
            reloader.close()

    def drain(self) -> None:
        """Take no new work; finish what runs."""
        self.turn_away()
        if self.shadow is not None:
            self.shadow.close()
        self.admission.close()
        if self.reloader.classifier is not None:
            self.reloader.classifier.close()
