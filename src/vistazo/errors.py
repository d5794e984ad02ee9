"""Every error that Vistazo raises on purpose, in one tree.

VistazoError
├── SettingsError            a setting holds a value that cannot be used
├── ModelError               the model cannot be served
│   ├── ModelNotFoundError       there is no file to read
│   ├── DownloadError            a link did not give the file
│   ├── UnreadableModelError     the bytes are no model, or are damaged
│   ├── HostileModelError        the bytes try to reach, or to grow, beyond the file
│   ├── UnsupportedModelError    a sound model that cannot be served as it is
│   ├── NoRoomError              what is made of the model cannot be written
│   └── CardError                the model card is missing, invalid, or disagrees
├── InputError               the picture, text or row cannot be classified
│   ├── UnsupportedFormatError   not an accepted format, whatever its name says
│   ├── UploadTooLargeError      more bytes than the limit
│   ├── NotBase64Error           a picture in JSON that is no base64, or a link
│   ├── CorruptImageError        an accepted format, but damaged or empty
│   ├── UnreadableFileError      of an archive: it cannot be read from where it lies
│   ├── RejectedUploadError      a sound picture that breaks one or more rules
│   ├── SampleError              a text or a row that the model does not take
│   ├── PictureTooCostlyError    decoding it takes more than a picture may
│   ├── TextTooCostlyError       analysing it takes more than a text may
│   └── ReportTooCostlyError     writing a report of it takes more than one may
├── RequestError             the request itself is malformed
│   ├── MissingFileError         there is no file where one belongs
│   ├── TooManyFilesError        more pictures than one request may have
│   ├── WrongMediaTypeError      a body of a kind that the model does not take
│   ├── DicomNeededError         a report as DICOM of what is no DICOM
│   ├── UnknownLabelError        a label that the model does not have
│   ├── UnknownRequestError      feedback on an answer that is not known
│   ├── UnknownModelError        a name or version that is not served here
│   ├── SlowUploadError          the body did not arrive in time
│   └── CallerLeftError          who asked hung up; only the log is told
├── AccessError              the caller may not do this
│   ├── UnauthorizedError        he sent no key or token, or one that is not valid
│   └── ForbiddenError           a valid one that is not for this
├── FeedbackOffError         feedback, where none is kept
├── ReportsNotInstalledError what writes reports as DICOM is not there
├── ReloadFailedError        another model was asked for, and cannot be served
└── UnavailableError         no answer now; try again later
    ├── QueueFullError           too much work is waiting
    ├── RateLimitedError         the caller has asked as often as he may
    ├── FeedbackNotKeptError     it could not be written down
    ├── ReportNotNowError        no memory is left for a report, or its process was ended
    └── NotReadyError            starting or draining

Each says in one sentence what happened and, where something can be done, what to do. ``code`` is
stable: programs may rely on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class VistazoError(Exception):
    code: ClassVar[str] = "internal"


class SettingsError(VistazoError):
    code = "bad_setting"


class ModelError(VistazoError):
    code = "model_error"


class ModelNotFoundError(ModelError):
    code = "model_not_found"


class DownloadError(ModelError):
    code = "model_download"


class UnreadableModelError(ModelError):
    code = "model_unreadable"


class HostileModelError(ModelError):
    code = "model_hostile"


class UnsupportedModelError(ModelError):
    code = "model_unsupported"


class NoRoomError(ModelError):
    code = "model_no_room"


class CardError(ModelError):
    code = "card_invalid"


class InputError(VistazoError):
    code = "bad_input"


class UnsupportedFormatError(InputError):
    code = "unsupported_format"


class UploadTooLargeError(InputError):
    code = "upload_too_large"


class NotBase64Error(InputError):
    code = "not_base64"


class CorruptImageError(InputError):
    code = "corrupt_image"


class UnreadableFileError(InputError):
    code = "file_unreadable"


@dataclass(frozen=True)
class BrokenRule:
    """One rule that an upload breaks: its stable name, a sentence, and the numbers in that."""

    rule: str
    detail: str
    figures: tuple[float, ...] = ()


class RejectedUploadError(InputError):
    code = "rejected_upload"

    def __init__(self, broken: Sequence[BrokenRule]) -> None:
        super().__init__(" ".join(rule.detail for rule in broken))
        self.broken = tuple(broken)


class SampleError(InputError):
    code = "bad_sample"


class PictureTooCostlyError(InputError):
    code = "picture_too_costly"


class TextTooCostlyError(InputError):
    code = "text_too_costly"


class ReportTooCostlyError(InputError):
    code = "report_too_costly"


class RequestError(VistazoError):
    code = "bad_request"


class MissingFileError(RequestError):
    code = "missing_file"


class TooManyFilesError(RequestError):
    code = "too_many_files"


class WrongMediaTypeError(RequestError):
    code = "wrong_media_type"


class DicomNeededError(RequestError):
    code = "dicom_needed"


class UnknownLabelError(RequestError):
    code = "unknown_label"


class UnknownRequestError(RequestError):
    code = "unknown_request"


class UnknownModelError(RequestError):
    code = "unknown_model"


class SlowUploadError(RequestError):
    code = "upload_too_slow"


class CallerLeftError(RequestError):
    code = "caller_left"


class AccessError(VistazoError):
    code = "access"


class UnauthorizedError(AccessError):
    """``reason`` is for the log: what is wrong with what was sent. Empty where nothing was sent."""

    code = "unauthorized"

    def __init__(self, said: str, reason: str = "") -> None:
        super().__init__(said)
        self.reason = reason


class ForbiddenError(AccessError):
    """``scope`` is what is missing, ``name`` who asks, where that is known."""

    code = "forbidden"

    def __init__(self, said: str, scope: str, name: str = "") -> None:
        super().__init__(said)
        self.scope = scope
        self.name = name


class FeedbackOffError(VistazoError):
    code = "feedback_off"


class ReportsNotInstalledError(VistazoError):
    code = "reports_not_installed"


class ReloadFailedError(VistazoError):
    code = "reload_failed"


class UnavailableError(VistazoError):
    code = "unavailable"
    retry_after_s: int = 1


class QueueFullError(UnavailableError):
    code = "queue_full"


class RateLimitedError(UnavailableError):
    code = "rate_limited"

    def __init__(self, said: str, retry_after_s: int) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s


class FeedbackNotKeptError(UnavailableError):
    code = "feedback_not_kept"
    retry_after_s = 5


class ReportNotNowError(UnavailableError):
    code = "report_not_now"
    retry_after_s = 60


class NotReadyError(UnavailableError):
    code = "not_ready"
    retry_after_s = 5
