"""Bytes become the array that a model was trained on; here is the only door for image data."""

from vistazo.pictures.decode import EncodedImage, Header, ImageLimits, open_image
from vistazo.pictures.picture import Picture

__all__ = ["EncodedImage", "Header", "ImageLimits", "Picture", "open_image"]
