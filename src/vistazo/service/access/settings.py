"""The settings that say who may call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from vistazo.service.access.origins import parse_origins
from vistazo.service.access.proxies import Network, parse_networks
from vistazo.service.access.rates import Rate, parse_rate
from vistazo.service.setting_kinds import LocationSetting


def _read_by(parse: Callable[[str], object]) -> Callable[[object], object]:
    return lambda value: parse(value) if isinstance(value, str) else value


class AccessSettings(BaseModel):
    """Without any of them nobody is asked who he is."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_keys: SecretStr | None = Field(
        None, description="Keys that open, as 'vistazo keys add NAME' writes them: NAME:SCOPES:..."
    )
    api_keys_file: Path | None = Field(
        None, description="A file of such keys, one a line; read again when it changes."
    )
    jwt_secret: SecretStr | None = Field(
        None, description="For tokens with HS256: 32 random bytes or more, as text."
    )
    jwt_jwks: LocationSetting | None = Field(
        None, description="For tokens with RS256, ES256, EdDSA: a key set, a path or an https link."
    )
    jwt_issuer: str | None = Field(None, description="Who has to have issued a token (iss).")
    jwt_audience: str | None = Field(None, description="Whom a token has to be for (aud).")
    jwt_leeway_s: float = Field(
        30, ge=0, le=300, description="How much the issuer's clock may differ from ours."
    )
    rate_limit: Annotated[Rate, BeforeValidator(_read_by(parse_rate))] | None = Field(
        None, description="What one caller may ask, such as 60/minute; more gets 429."
    )
    trusted_proxies: Annotated[
        tuple[Network, ...] | None, BeforeValidator(_read_by(parse_networks))
    ] = Field(None, description="Addresses and networks whose X-Forwarded-For is believed.")
    cors_origins: Annotated[tuple[str, ...] | None, BeforeValidator(_read_by(parse_origins))] = (
        Field(None, description="Pages of other hosts that may call from a browser; * for all.")
    )
