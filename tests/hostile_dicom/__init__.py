"""DICOM files that are made to cost much, or to mislead: crafted by code.

data = ATTACKS["sequences in sequences"](250_000)  # of about so many bytes
data = ODD["window of no width"]()
"""

from hostile_dicom import elements, sizes, streams, tables
from hostile_dicom.odd import ODD

ATTACKS = {**elements.ATTACKS, **sizes.ATTACKS, **streams.ATTACKS, **tables.ATTACKS}
__all__ = ["ATTACKS", "ODD"]
