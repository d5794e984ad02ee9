"""Uploads that are made to do harm: each is made of a number alone, and is the same every time.

    request = hostile_request(17)

Mutated pictures, pictures and forms by grammar with rules broken at random, other formats, forms
that are none, and what is known to have done harm before.
"""

from hostile_uploads.requests import Hostile, hostile_request
from hostile_uploads.uploads import hostile_picture

__all__ = ["Hostile", "hostile_picture", "hostile_request"]
