"""The dashboard asks for measurements that there are, and compose puts it where Grafana looks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "scripts" / "deploy" / "grafana"
DASHBOARD: dict[str, Any] = json.loads((GRAFANA / "dashboard.json").read_text("utf-8"))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
MANUAL = (ROOT / "docs" / "metrics.md").read_text("utf-8")
# Prometheus' own of a target, and of a histogram.
GIVEN = {"job", "instance", "le"}


def queries() -> Iterator[tuple[str, str]]:
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for annotation in DASHBOARD["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]


def metrics_of(query: str) -> set[str]:
    """As the manual has them: a histogram by its own name."""
    found = re.findall(r"\b(?:vistazo|process)_\w+", query)
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in found}


def labels_of(query: str) -> set[str]:
    selected = re.findall(r'(\w+)(?:=~|!~|!=|=)"', query)
    grouped = re.findall(r"(?:by|ignoring) \(([^)]*)\)", query)
    return {*selected, *(name.strip() for names in grouped for name in names.split(","))} - GIVEN


def explained(metric: str) -> str:
    """The row of the manual."""
    [row] = [row for row in MANUAL.splitlines() if re.match(rf"\|.*`{metric}`.*\|.*\|", row)]
    return row


@pytest.mark.parametrize(
    "query", [query for _, query in queries()], ids=[name for name, _ in queries()]
)
def test_a_query_is_of_metrics_and_labels_that_there_are(query: str) -> None:
    asked = {metric for metric in metrics_of(query) if metric.startswith("vistazo_")}
    rows = "".join(explained(metric) for metric in asked)
    assert [label for label in labels_of(query) if f"`{label}`" not in rows] == []
    assert '{job=~"$job",instance=~"$instance"' in query
    assert "rate(" not in query or "$__rate_interval" in query


def test_a_metric_or_a_label_that_is_not_there_would_be_found() -> None:
    assert labels_of('sum by (reason, le) (vistazo_x{job="a",path=~"b"})') == {"reason", "path"}
    assert metrics_of("rate(vistazo_x_seconds_sum[1m]) / process_y") == {
        "vistazo_x_seconds",
        "process_y",
    }
    with pytest.raises(ValueError, match="not enough values"):
        explained("vistazo_answers_total")


def test_every_panel_says_what_it_shows_and_has_a_place_of_its_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["description"] for panel in panels if panel["type"] != "row")
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in panels):
        across, down = (
            range(place["x"], place["x"] + place["w"]),
            range(place["y"], place["y"] + place["h"]),
        )
        cells = {(x, y) for x in across for y in down}
        assert not taken & cells
        assert max(across) < 24
        taken |= cells


def test_compose_puts_everything_where_it_is_looked_for() -> None:
    services = COMPOSE["services"]
    mounts = [
        mount.split(":")
        for name in ("prometheus", "grafana")
        for mount in services[name]["volumes"]
        if mount.startswith("./")
    ]
    assert all((ROOT / mount[0]).exists() and mount[2] == "ro" for mount in mounts)
    into = {mount[1]: ROOT / mount[0] for mount in mounts}
    provider = yaml.safe_load((GRAFANA / "provisioning/dashboards/vistazo.yaml").read_text())
    [folder] = [each["options"]["path"] for each in provider["providers"]]
    assert into[f"{folder}/vistazo.json"] == GRAFANA / "dashboard.json"
    source = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text())
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    assert services["grafana"]["ports"] == ["127.0.0.1:3000:3000"], "it comes with a known password"


def test_prometheus_asks_every_service_of_compose() -> None:
    config = yaml.safe_load((GRAFANA / "prometheus.yml").read_text())
    [found] = config["scrape_configs"][0]["dns_sd_configs"]
    served = {
        name
        for name, service in COMPOSE["services"].items()
        if "PORT" in service.get("environment", {}) and name != "cuda"
    }
    assert set(found["names"]) == served
    assert found["port"] == 8000
