"""The settings that say who may call."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class AccessSettings(BaseModel):
    """Without any of them nobody is asked who he is."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_keys: SecretStr | None = Field(
        None, description="Keys that open, as 'vistazo keys add NAME' writes them: NAME:SCOPES:..."
    )
    api_keys_file: Path | None = Field(
        None, description="A file of such keys, one a line; read again when it changes."
    )
