"""For each code that a caller may meet: a refusal with it, in words that the service says, and the
paths where it is met.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vistazo.api.description.example_model import EXAMPLE_ID
from vistazo.api.problems import TITLES, status_by_code
from vistazo.api.protocols.addresses import INFER, MODEL, MODEL_READY, V1_MODEL, V1_PREDICT
from vistazo.api.schemas import Problem, RuleFault
from vistazo.pictures.formats import ACCEPTED

Takes = Literal["pictures", "texts", "rows"]

_ASKED = frozenset({"/predict", "/explain"})
_ONE = _ASKED | {"/preview"}
_BATCH, _FEEDBACK, _RELOAD = "/predict/batch", "/feedback", "/admin/reload"
_UPLOADS = _ONE | {_BATCH}
_BODIES = _UPLOADS | {_FEEDBACK}
_NAMED = frozenset({MODEL, MODEL_READY, INFER, V1_MODEL, V1_PREDICT})
_PICTURES: frozenset[Takes] = frozenset({"pictures"})
_SAMPLES: frozenset[Takes] = frozenset({"texts", "rows"})

_RULES = [
    RuleFault(
        rule="min_side_px",
        detail=f"The picture's {side} is 8 pixels; at least 32 are needed.",
        figures=[8, 32],
    )
    for side in ("width", "height")
]


@dataclass(frozen=True)
class Refusal:
    """``paths`` None: on every path; ``takes`` None: whatever the model takes. ``is_of_keys``: only
    where a key is asked for; ``is_of_rates``: only where requests are counted.
    """

    detail: str
    paths: frozenset[str] | None = None
    takes: frozenset[Takes] | None = None
    is_of_keys: bool = False
    is_of_rates: bool = False


# A code that is not here is never answered: a test compares.
REFUSALS: dict[str, Refusal] = {
    "unsupported_format": Refusal(f"This looks like a GIF; send {ACCEPTED}.", _ONE, _PICTURES),
    "upload_too_large": Refusal(
        "The request is larger than 32100000 bytes, the most that is accepted here.", _BODIES
    ),
    "not_base64": Refusal(
        "The picture is no base64 (RFC 4648, section 4): letters, digits, + and /, padded with =, "
        "in one line. Send what base64 -w0 picture.jpeg prints.",
        _ONE,
        _PICTURES,
    ),
    "corrupt_image": Refusal("The JPEG is cut short.", _ONE, _PICTURES),
    "rejected_upload": Refusal(" ".join(each.detail for each in _RULES), _ONE, _PICTURES),
    "picture_too_costly": Refusal(
        "Decoding the picture takes more time or memory than a picture may. Send it smaller, as a "
        "baseline JPEG or as a PNG of 8 bits a channel.",
        _ONE,
        _PICTURES,
    ),
    "text_too_costly": Refusal(
        "To find the words of the text could take too long: it is long, or something in it is very "
        "long without a space. Send a shorter one, or take that out.",
        _UPLOADS,
        frozenset({"texts"}),
    ),
    "report_too_costly": Refusal(
        "No report could be written of this picture's header: it takes more time or memory than "
        "one may, or cannot be read. The log says why.",
        _ASKED,
        _PICTURES,
    ),
    "dicom_needed": Refusal(
        "A report as DICOM is of a DICOM file: it belongs to the study that the file's header "
        "names. For this picture ask for JSON, with Accept: application/json.",
        _ASKED,
        _PICTURES,
    ),
    "reports_not_installed": Refusal(
        "Reports as DICOM need highdicom, which is not installed: pip install "
        '"vistazo[reports]"; or build the image with --build-arg DICOM_REPORTS=1.',
        _ASKED,
        _PICTURES,
    ),
    "report_not_now": Refusal(
        "A report as DICOM takes 71 MB, and 40 MB are left of the container's 256 MB. Try again "
        "when less is asked of it, give it more memory, or write reports elsewhere: vistazo "
        "report.",
        _ASKED,
        _PICTURES,
    ),
    "bad_sample": Refusal("'texts' is an empty list.", _UPLOADS, _SAMPLES),
    "bad_request": Refusal(
        "The request is not HTTP/1.1 as RFC 9112 has it, its headers are too long, or its body "
        "comes in too many small pieces."
    ),
    "wrong_media_type": Refusal(
        "This model takes pictures: send a form: curl -F file=@picture.jpeg URL; or the picture "
        "alone: curl --data-binary @picture.jpeg -H 'Content-Type: image/jpeg' URL; or "
        'application/json: {"image": "...base64..."}, with a "filename" if you like.',
        _BODIES,
    ),
    "missing_file": Refusal(
        "The form needs a file in the field 'file'; it has 'x'.", _UPLOADS, _PICTURES
    ),
    "too_many_files": Refusal(
        "More than 16 pictures, the most in one batch. Send them in several.", _UPLOADS, _PICTURES
    ),
    "unknown_label": Refusal(
        "The model has no label 'OTHER'. It has {labels}.", _ASKED | {_FEEDBACK}
    ),
    "unknown_request": Refusal(
        "No answer of this request_id and index is kept that was given to you: it may be older "
        "than what is kept (RECORDS_KEEP_DAYS), or was given to another key.",
        frozenset({_FEEDBACK}),
    ),
    "unknown_model": Refusal("There is no model 'other' here; there is 'pneumonia'.", _NAMED),
    "upload_too_slow": Refusal("The upload was slower than 8000 bytes/s for 10 s.", _BODIES),
    "unauthorized": Refusal(
        "This wants a key. Send it in the header 'Authorization: Bearer KEY'.", is_of_keys=True
    ),
    "forbidden": Refusal(
        "This needs a key with the scope 'predict', which the one that came has not.",
        is_of_keys=True,
    ),
    "feedback_off": Refusal(
        "No records of answers are kept here, so nothing can be said of them. Whoever runs the "
        "service sets RECORDS_DIR to a folder.",
        frozenset({_FEEDBACK}),
    ),
    "feedback_not_kept": Refusal(
        "This could not be written down: the log of the service says why. Send it again later.",
        frozenset({_FEEDBACK}),
    ),
    "reload_failed": Refusal(
        "The model before goes on answering. The model could not be loaded. The log has the "
        "reason.",
        frozenset({_RELOAD}),
    ),
    "queue_full": Refusal("Too many pictures are waiting. Send this one again shortly.", _BODIES),
    "rate_limited": Refusal(
        "You have sent more than 60 requests in 60 s. Wait 12 s.", is_of_rates=True
    ),
    "not_ready": Refusal("The service is starting."),
    "internal": Refusal("Something went wrong here. The log says why."),
    "not_found": Refusal("Nothing matches the given URI. The paths are listed at /docs."),
    "method_not_allowed": Refusal(
        "Specified method is invalid for this resource. The paths are listed at /docs."
    ),
}


def problem_example(code: str, labels: Sequence[str]) -> Problem:
    status = status_by_code()[code]
    return Problem(
        type=f"urn:vistazo:problem:{code}",
        title=TITLES.get(code, status.phrase),
        status=status,
        detail=REFUSALS[code].detail.replace("{labels}", ", ".join(labels)),
        code=code,
        request_id=EXAMPLE_ID,
        errors=_RULES if code == "rejected_upload" else None,
    )
