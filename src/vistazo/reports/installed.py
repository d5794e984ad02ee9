"""Whether what writes reports is installed: an extra, as most services need none."""

from __future__ import annotations

import importlib.util

from vistazo.errors import ReportsNotInstalledError

_LIBRARY = "highdicom"


def check_installed() -> None:
    """Raises ReportsNotInstalledError. Nothing is imported."""
    if importlib.util.find_spec(_LIBRARY) is None:
        raise ReportsNotInstalledError(
            "Reports as DICOM need highdicom, which is not installed: pip install "
            '"vistazo[reports]"; or build the image with --build-arg DICOM_REPORTS=1.'
        )
