"""From bytes to a Picture: the only door for image data."""

from vistazo.imaging.decode import EncodedImage, Header, ImageLimits, open_image
from vistazo.imaging.picture import Picture

__all__ = ["EncodedImage", "Header", "ImageLimits", "Picture", "open_image"]
