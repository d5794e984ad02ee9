"""The settings that say when another model is served, and which one is compared."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from vistazo.service.setting_kinds import LocationSetting


class ReloadSettings(BaseModel):
    """Without any of them a model changes when somebody asks for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    watch_model: bool = Field(
        default=False,
        description="Serve another model as soon as it lies at MODEL_PATH, or its card changes.",
    )
    model_path_next: LocationSetting | None = Field(
        None,
        description="A model that answers in the shadow: what it says is compared, not returned.",
    )
    shadow_share: float = Field(
        0.1, ge=0, le=1, description="Share of the requests that MODEL_PATH_NEXT answers too."
    )
