"""What a file may still cost while it is read, in proportion to its bytes.

A pickle can name a value again in two bytes. Where something is made of it each time, a small file
would make any amount of it: so what is copied is paid for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vistazo.errors import HostileModelError

_COPIES = 8  # numbers of four bytes become indices and values of eight
_LEAST_BYTES = 4 << 20
_MOST_ODD_KEYS = 1000
BYTES_PER_MEMBER = 32  # of a list, a dictionary or a set


@dataclass
class Allowance:
    """What is left of it."""

    bytes_left: int
    odd_keys_left: int = _MOST_ODD_KEYS

    def spend(self, n_bytes: int) -> None:
        """Raises HostileModelError where a file has made more than its own bytes can mean."""
        self.bytes_left -= n_bytes
        if self.bytes_left < 0:
            raise HostileModelError(
                "The file makes many times its own size of the same few values, which no model "
                "does."
            )

    def spend_odd_key(self) -> None:
        self.odd_keys_left -= 1
        if self.odd_keys_left < 0:
            raise HostileModelError(
                "The file has keys of dictionaries that are made to take forever."
            )


def allowance_for(n_bytes: int) -> Allowance:
    """That of a file of so many bytes, unpacked."""
    return Allowance(_LEAST_BYTES + _COPIES * n_bytes)


# What stands for a call: of the arguments, at the expense of the allowance.
Arguments = tuple[object, ...]
Maker = Callable[[Allowance, Arguments], object]
