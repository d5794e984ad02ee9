"""The README and the pages of docs/, as tests read them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = sorted(DOCS.rglob("*.md"))


def text_of(page: str) -> str:
    """Of ``settings.md`` in docs/, say."""
    return (DOCS / page).read_text(encoding="utf-8")


def commands() -> list[str]:
    """Every line of every block of bash in the README and in docs/, each once."""
    texts = (page.read_text(encoding="utf-8") for page in (README, *PAGES))
    blocks = (
        block for text in texts for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    )
    return list(dict.fromkeys(line for block in blocks for line in block.splitlines()))
