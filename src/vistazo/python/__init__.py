"""The way in for Python programs: ``vistazo.load`` and what it gives."""

from PIL import Image

# Whether a picture is too large is asked of its header here, so that Pillow's own limit is off once
# pictures are read. It is one for the whole process: that of a program which is not ours stays.
_limit_of_the_program = Image.MAX_IMAGE_PIXELS

from vistazo.python.answer import Answer, DicomHeader, Explanation, InDistribution  # noqa: E402
from vistazo.python.load import load  # noqa: E402
from vistazo.python.model import Model  # noqa: E402

Image.MAX_IMAGE_PIXELS = _limit_of_the_program

__all__ = ["Answer", "DicomHeader", "Explanation", "InDistribution", "Model", "load"]
