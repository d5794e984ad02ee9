"""OpenVINO, without what reports to its maker."""

from __future__ import annotations

import sys

from vistazo.errors import SettingsError

# Its tools for conversion do so as soon as they are imported, with the package: it goes on without
# them. Pictures stay here, and so does what is done with them.
sys.modules.setdefault("openvino.tools.ovc", None)  # type: ignore[arg-type]
try:
    import openvino
    from openvino import opset13
except ImportError:
    raise SettingsError(
        "ENGINE=openvino needs OpenVINO: pip install -r scripts/requirements/openvino.txt"
    ) from None

__all__ = ["openvino", "opset13"]
