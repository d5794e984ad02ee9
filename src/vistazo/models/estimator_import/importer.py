"""From a file to a plan."""

from __future__ import annotations
