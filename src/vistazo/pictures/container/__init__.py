"""Look at a file before a decoder does, and hand on what decoding needs and nothing else.

A decoder's parsers were written for honest files: what they do with metadata can cost a sender
little and a service much. So text, profiles, comments and animation never reach one, and neither
does a file of more parts than pictures have. The look itself costs a fixed small time a byte.
"""

from vistazo.pictures.container.jpeg import strip_jpeg
from vistazo.pictures.container.png import strip_png
from vistazo.pictures.container.stripped import Stripped

__all__ = ["Stripped", "strip_jpeg", "strip_png"]
