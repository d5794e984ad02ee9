"""The heatmap over its picture: a Secondary Capture (DICOM PS3.3 section A.8.1), RGB of 8 bits.

Not a Parametric Map: that holds measured values on the picture's own pixels, and what speaks for a
label has no unit. Hardly a viewer shows one, and every viewer shows this.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from vistazo.reports import concepts
from vistazo.reports.inherited import Inherited, Source
from vistazo.reports.instance import Encoded, Kinds, encoded, instance
from vistazo.reports.said import Statement
from vistazo.reports.shortening import cut

CAPTURE = Kinds("heatmap", SecondaryCaptureImageStorage, "OT", "Heatmap")

_BITS = 8


def capture(inherited: Inherited, said: Statement, png: bytes) -> Encoded:
    """A Part 10 file. ``png`` is the overlay, of any size."""
    dataset = instance(CAPTURE, inherited, said)
    source = inherited.source
    dataset.ConversionType = "WSD"
    dataset.DateOfSecondaryCapture = dataset.ContentDate
    dataset.TimeOfSecondaryCapture = dataset.ContentTime
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.PatientOrientation = None
    dataset.Laterality = source.laterality  # empty: not known
    dataset.ImageComments = cut(" ".join((said.notice, *said.warnings)), 10_000)
    dataset.DerivationDescription = _derivation(said)
    dataset.SourceImageSequence = [_source_item(source, said)]
    if source.burned_in:  # nothing is written into it here; what was in the picture, is
        dataset.BurnedInAnnotation = source.burned_in
    if source.is_lossy:
        dataset.LossyImageCompression = "01"
    _pixels(dataset, png)
    return encoded(dataset)


def _derivation(said: Statement) -> str:
    frame = f" Frame {said.frame} of {said.frames}." if said.frames > 1 else ""
    text = (
        f"The picture, reduced to 8 bits and turned upright as its header says, under a heatmap of "
        f"what speaks for '{said.explained}' in the eyes of the model {said.model.name} "
        f"{said.model.version} (SHA-256 {said.model.sha256}): the brighter, the more, relative to "
        f"the strongest. Not for measuring.{frame}"
    )
    return cut(text, 1_024)


def _source_item(source: Source, said: Statement) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = source.class_uid
    item.ReferencedSOPInstanceUID = source.instance_uid
    if frames := source.frames(said.frame, said.frames):
        item.ReferencedFrameNumber = frames
    purpose = concepts.dcm("121322", "Source image for image processing operation")
    item.PurposeOfReferenceCodeSequence = [purpose]
    return item


def _pixels(dataset: Dataset, png: bytes) -> None:
    """Module Image Pixel (PS3.3 section C.7.6.3)."""
    with Image.open(BytesIO(png), formats=["PNG"]) as image:
        picture = image.convert("RGB")
    dataset.SamplesPerPixel = 3
    dataset.PhotometricInterpretation = "RGB"
    dataset.PlanarConfiguration = 0
    dataset.Rows, dataset.Columns = picture.height, picture.width
    dataset.BitsAllocated = dataset.BitsStored = _BITS
    dataset.HighBit, dataset.PixelRepresentation = _BITS - 1, 0
    samples = picture.tobytes()
    dataset.PixelData = samples + b"\0" * (len(samples) % 2)
