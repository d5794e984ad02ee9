"""The settings that say where instances find what they share."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr


def _checked(value: object) -> object:
    # Only here, so that it costs nothing where there is none.
    from vistazo.service.shared_state.redis_url import check_redis_url

    return check_redis_url(value)


@dataclass(frozen=True)
class SharedStatePolicy:
    """``prefix`` begins the name of every key; ``pepper`` is what callers' names are hashed with:
    of the password, so that who reads the keys cannot try all addresses.
    """

    url: SecretStr
    prefix: str

    @property
    def pepper(self) -> bytes:
        from vistazo.service.shared_state.redis_url import password_of

        return hashlib.sha256(password_of(self.url.get_secret_value()).encode()).digest()


def _as_prefix(value: object) -> object:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", str(value)):
        raise ValueError("write it with letters, digits and . _ - alone, 64 of them at most")
    return value


class SharedStateSettings(BaseModel):
    """Without REDIS_URL each instance counts for itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    redis_url: Annotated[SecretStr | None, BeforeValidator(_checked)] = Field(
        None,
        description="A Redis in which several instances keep rates and drift windows together: "
        "redis://, rediss:// or unix://; needs the extra 'redis'.",
    )
    redis_prefix: Annotated[str, BeforeValidator(_as_prefix)] = Field(
        "vistazo",
        description="What its keys begin with: another one for each service that uses that Redis.",
    )

    @property
    def shared_state_policy(self) -> SharedStatePolicy | None:
        """None where nothing is shared."""
        if self.redis_url is None:
            return None
        return SharedStatePolicy(self.redis_url, self.redis_prefix)
