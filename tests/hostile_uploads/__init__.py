"""Uploads that are made to do harm: each is made of a number alone, and is the same every time.

    request = hostile_request(17)
    request = hostile_inference(17)

Mutated pictures, pictures and forms by grammar with rules broken at random, other formats, forms
that are none, and what is known to have done harm before; and the same within requests of the Open
Inference Protocol, whose own rules are broken too.
"""

from hostile_uploads.framing import Hostile
from hostile_uploads.inference_requests import hostile_inference, hostile_text_inference
from hostile_uploads.requests import hostile_request
from hostile_uploads.uploads import hostile_picture

BY_PROTOCOL = {
    "uploads": hostile_request,
    "inference": hostile_inference,
    "inference-of-texts": hostile_text_inference,
}
__all__ = ["BY_PROTOCOL", "Hostile", "hostile_inference", "hostile_picture", "hostile_request"]
