"""/docs in a real browser: offline, under the policy, and it classifies a picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PREDICT = "#operations-predict-predict"


@pytest.mark.longer
def test_the_interface_is_shown_and_tried_without_another_host(
    open_page: Callable[..., Any], service_url: str, a_film: Path
) -> None:
    asked: list[str] = []
    page = open_page(url="about:blank", wait=False, own=True)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{service_url}/docs")
    page.click(f"{PREDICT} .opblock-summary-control")
    page.set_input_files(f"{PREDICT} input[type=file]", a_film)
    page.click(f"{PREDICT} .execute")
    page.wait_for_selector(f"{PREDICT} .live-responses-table .response-col_status")
    answer = page.inner_text(f"{PREDICT} .live-responses-table .highlight-code")
    assert json.loads(answer[answer.index("{") :])["filename"] == a_film.name
    assert len(asked) > 5
    assert all(url.startswith((service_url, "data:", "blob:")) for url in asked), asked
