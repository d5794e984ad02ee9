"""What is counted and measured, for Prometheus.

A label's values come from the code, the model's card or the settings, so their number is bounded
whatever callers send: never a file name, a request's id, an address, a key, or a path as it was
typed.
"""

from vistazo.service.metrics.drift import watch_drift
from vistazo.service.metrics.metrics import Metrics
from vistazo.service.metrics.models import watch_models
from vistazo.service.metrics.process import watch_process
from vistazo.service.metrics.records import watch_records
from vistazo.service.metrics.work import watch_work
from vistazo.service.metrics.workers import watch_workers

__all__ = [
    "Metrics",
    "watch_drift",
    "watch_models",
    "watch_process",
    "watch_records",
    "watch_work",
    "watch_workers",
]
