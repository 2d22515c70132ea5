"""The files under deploy/ parse, and speak of what /metrics of a running server shows."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from actors import Fomo
from front_door import World
from hufu.domain import errors
from hufu.wire import metrics

DEPLOY = Path(__file__).parents[1] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))
RULES = [
    rule
    for group in yaml.safe_load((DEPLOY / "alerts.yaml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
OF_PROMETHEUS = {"up"}
PUT_THERE_BY_PROMETHEUS = {"job", "instance", "le"}
OUTCOMES = {
    metrics.OK,
    metrics.BROKEN,
    metrics.UNAVAILABLE,
    metrics.NOT_FOUND,
    metrics.WRONG_METHOD,
} | {name for name in dir(errors) if isinstance(getattr(errors, name), type)}
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
BESIDES = ("_sum", "_count", "_created")  # Of a histogram, and when a counter began.
PARTS = ("lhs", "rhs", "expr", "args", "vector_selector", "param")


def panels() -> Iterator[dict[str, Any]]:
    yield from DASHBOARD["panels"]


def expressions() -> dict[str, str]:
    """Every expression, by where it stands."""
    found = {rule["alert"]: rule["expr"] for rule in RULES}
    for panel in panels():
        for target in panel["targets"]:
            found[f"{panel['title']} {target['refId']}"] = target["expr"]
    return found


def parsed(expression: str) -> Any:
    """The expression as PromQL; what Grafana fills in first is filled in."""
    filled = expression.replace("$__rate_interval", "5m").replace("$instance", ".*")
    return promql_parser.parse(filled)


def selectors(node: Any) -> Iterator[Any]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    elif isinstance(node, (list, tuple)):
        for each in node:
            yield from selectors(each)
    else:
        for part in PARTS:
            if (below := getattr(node, part, None)) is not None:
                yield from selectors(below)


def labels_of(name: str) -> set[str]:
    """The labels that a metric has in hufu."""
    collector = REGISTRY._names_to_collectors[name]
    return set(collector._labelnames) | PUT_THERE_BY_PROMETHEUS


async def shown(world: World) -> set[str]:
    """The names of the series at /metrics, after some traffic."""
    async with world.server.running():
        await Fomo().sign_in(world, "13390633695", "no such password")
        page = (await world.get("/metrics")).body.decode()
    return {
        family.name + suffix
        for family in text_string_to_metric_families(page)
        for suffix in SUFFIXES.get(family.type, ())
        if family.name.startswith("hufu_")
    }


@pytest.mark.parametrize("expression", expressions().values(), ids=expressions())
async def test_every_expression_reads_what_is_there(expression: str) -> None:
    found = list(selectors(parsed(expression)))
    assert found
    for selector in found:
        if selector.name in OF_PROMETHEUS:
            continue
        labels = labels_of(selector.name)
        for matcher in selector.matchers.matchers:
            assert matcher.name in labels
            if matcher.name == "outcome" and selector.name == "hufu_answers_total":
                assert set(matcher.value.split("|")) <= OUTCOMES
        for by in re.findall(r"by \(([^)]*)\)", expression):
            assert set(re.split(r",\s*", by)) <= labels


async def test_whatever_is_shown_can_be_seen_and_nothing_else(world: World) -> None:
    there = await shown(world)
    used = {each.name for text in expressions().values() for each in selectors(parsed(text))}
    assert used - OF_PROMETHEUS <= there
    unseen = there - used
    assert {name for name in unseen if not name.endswith(BESIDES)} == set()


@pytest.mark.parametrize("broken", ["sum by (app", "rate(hufu_answers_total)", "hufu_x{a=b}"])
def test_a_broken_expression_would_be_seen(broken: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parsed(broken)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_means(rule: dict[str, Any]) -> None:
    assert rule.keys() - {"for"} == {"alert", "expr", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert re.fullmatch(r"[0-9]+m", rule.get("for", "1m"))
    assert rule["annotations"].keys() == {"summary", "description"}
    named = {*re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))}
    kept = {*re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", rule["expr"])))}
    assert named <= (kept or PUT_THERE_BY_PROMETHEUS)


def test_alerts_have_names_of_their_own() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names))


def test_each_alert_is_explained() -> None:
    page = (DEPLOY.parent / "docs" / "operations.md").read_text("utf-8")
    assert re.findall(r"^\| `(Hufu\w+)` \|", page, re.MULTILINE) == [
        rule["alert"] for rule in RULES
    ]


def test_panels_lie_beside_each_other() -> None:
    places: set[tuple[int, int]] = set()
    ids = set()
    for panel in panels():
        at = panel["gridPos"]
        covered = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not covered & places
        assert at["x"] + at["w"] <= 24
        places |= covered
        ids.add(panel["id"])
        assert panel["datasource"]["uid"] == "${datasource}"
        for target in panel["targets"]:
            named = {*re.findall(r"{{(\w+)}}", target["legendFormat"])}
            by = {*re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", target["expr"])))}
            assert named <= by
    assert len(ids) == len(DASHBOARD["panels"])


def test_patroni_lets_nothing_that_was_acknowledged_be_lost() -> None:
    """`make faults` shows that the file works; this is what it is for, and Patroni's own bound."""
    member = yaml.safe_load((DEPLOY / "patroni" / "patroni.yml").read_text("utf-8"))
    agreed = member["bootstrap"]["dcs"]
    assert agreed["synchronous_mode"] is True
    assert agreed["postgresql"]["use_pg_rewind"] is True
    assert agreed["loop_wait"] + 2 * agreed["retry_timeout"] <= agreed["ttl"]
