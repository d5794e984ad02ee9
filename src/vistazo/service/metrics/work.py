"""How full the service is: places, workers, bytes, uploads."""

from __future__ import annotations

from vistazo.service.admission import Admission
from vistazo.service.metrics.metrics import Metrics
from vistazo.service.reception import Reception


def watch_work(metrics: Metrics, admission: Admission, reception: Reception) -> None:
    figures = {
        "places": ("Requests that may hold a place.", lambda: admission.policy.places),
        "places_held": ("Requests that hold a place.", lambda: admission.requests),
        "workers": ("Pictures that may be worked on at once.", lambda: admission.policy.workers),
        "workers_busy": ("Pictures that are worked on.", lambda: admission.busy_workers),
        "requests_waiting": (
            "Requests that wait in their place.",
            lambda: admission.waiting,
        ),
        "upload_limit_bytes": ("What bodies may hold.", lambda: reception.policy.max_bytes),
        "upload_bytes": ("What bodies hold, until they are answered.", lambda: reception.n_bytes),
        "uploads_arriving": ("Bodies that are arriving.", lambda: len(reception.arriving)),
    }
    for name, (meaning, value) in figures.items():
        metrics.shows(f"vistazo_{name}", meaning, value)
