"""OpenVINO, without what reports to its maker."""

from __future__ import annotations

import sys
from functools import cache

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

__all__ = ["CPU", "core", "openvino", "opset13", "processor_has_bfloat16"]

CPU = "CPU"


@cache
def core() -> openvino.Core:
    """One for the process: it keeps a library of 64 MB, which is loaded when it is first asked."""
    return openvino.Core()


def processor_has_bfloat16() -> bool:
    return "BF16" in core().get_property(CPU, "OPTIMIZATION_CAPABILITIES")
