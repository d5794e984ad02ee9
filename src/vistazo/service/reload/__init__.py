"""Another model in the place of the one that serves, without a gap."""

from vistazo.service.reload.files import Stamp, stamp_of
from vistazo.service.reload.reloader import AskedBy, Reload, Reloader
from vistazo.service.reload.watch import watch

__all__ = ["AskedBy", "Reload", "Reloader", "Stamp", "stamp_of", "watch"]
