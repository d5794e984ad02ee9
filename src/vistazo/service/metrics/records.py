"""What is kept of answers, what is lost of it, and what was true afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vistazo.service.metrics.metrics import Metrics

if TYPE_CHECKING:
    from vistazo.service.records.records import Records


def watch_records(metrics: Metrics, records: Records) -> None:
    """All of these may be added over several instances."""
    metrics.shows_counts(
        "vistazo_records",
        "Written down: answers, pictures, feedback.",
        "what",
        lambda: records.written,
    )
    metrics.shows_counts(
        "vistazo_records_lost", "Could not be written down in time.", "what", lambda: records.lost
    )
    metrics.shows_counts(
        "vistazo_feedback",
        "What was true, by whether the answer was so.",
        "agrees",
        lambda: records.judged,
    )
