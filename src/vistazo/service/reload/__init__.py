"""Another model in the place of the one that serves, without a gap; and the one that comes next."""

from vistazo.service.reload.agreement import Agreement
from vistazo.service.reload.answered import Answered, AnsweredPicture, AnsweredSample
from vistazo.service.reload.files import Stamp, stamp_of
from vistazo.service.reload.next_model import next_reloader, next_source
from vistazo.service.reload.reloader import AskedBy, Reload, Reloader
from vistazo.service.reload.shadow import Comparison, Shadow, ShadowPolicy
from vistazo.service.reload.watch import watch

__all__ = [
    "Agreement",
    "Answered",
    "AnsweredPicture",
    "AnsweredSample",
    "AskedBy",
    "Comparison",
    "Reload",
    "Reloader",
    "Shadow",
    "ShadowPolicy",
    "Stamp",
    "next_reloader",
    "next_source",
    "stamp_of",
    "watch",
]
