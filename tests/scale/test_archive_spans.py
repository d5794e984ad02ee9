"""What becomes of pictures over which workers die."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from vistazo.scale.archive.plan import Shard
from vistazo.scale.archive.source import Entry
from vistazo.scale.archive.spans import Span, Spans


def shards(count: int, files: int) -> Iterator[Shard]:
    for number in range(count):
        names = (f"{number}-{file}" for file in range(files))
        yield Shard(number, tuple(Entry(name, 1) for name in names))


def worked_off(
    count: int, files: int, deadly: set[str], dies_anyway: Iterator[bool], workers: int = 2
) -> tuple[dict[int, list[str]], set[str], int]:
    """The rows of each shard, who was blamed, and how many workers died."""
    spans, done, blamed, deaths = Spans(shards(count, files)), {}, set(), 0
    working: list[Span] = []
    while True:
        while len(working) < workers and (span := spans.next()) is not None:
            working.append(span)
        if not working and not spans.are_left():
            return done, blamed, deaths
        span = working.pop(0)
        names = [entry.name for entry in span.entries]
        if deadly & set(names) or next(dies_anyway, False):
            deaths += 1
            entry = spans.died(span)
            if entry is None:
                continue
            blamed.add(entry.name)
            names = [f"{entry.name} refused"]
        whole = spans.done(span, [{"file": name} for name in names])
        if whole is not None:
            assert whole[0].number not in done
            done[whole[0].number] = [row["file"] for row in whole[1]]


def test_one_deadly_picture_among_256_costs_its_row_and_some_twenty_workers() -> None:
    done, blamed, deaths = worked_off(2, 256, {"1-77"}, iter(()))
    assert blamed == {"1-77"}
    assert done[1] == [f"1-{n} refused" if n == 77 else f"1-{n}" for n in range(256)]
    assert done[0] == [f"0-{n}" for n in range(256)]
    assert deaths == 3 + 2 * 8


def test_a_worker_that_somebody_kills_once_blames_nobody() -> None:
    done, blamed, _ = worked_off(3, 8, set(), iter([True, False, True, False, True]))
    assert not blamed
    assert all(len(rows) == 8 for rows in done.values())


def test_where_every_picture_is_deadly_it_ends_too() -> None:
    everything = {f"{shard}-{file}" for shard in range(2) for file in range(9)}
    _, blamed, _ = worked_off(2, 9, everything, iter(()))
    assert blamed == everything


@settings(max_examples=60, deadline=None)
@given(
    files=st.integers(1, 9),
    deadly=st.sets(st.tuples(st.integers(0, 3), st.integers(0, 8))),
    dies=st.lists(st.booleans(), max_size=40),
    workers=st.integers(1, 4),
)
def test_whoever_dies_when_every_picture_has_one_row_in_its_place(
    files: int, deadly: set[tuple[int, int]], dies: list[bool], workers: int
) -> None:
    names = {f"{shard}-{file}" for shard, file in deadly if file < files}
    done, blamed, _ = worked_off(4, files, names, iter(dies), workers)
    assert names <= blamed
    for number in range(4):
        rows = [name.removesuffix(" refused") for name in done[number]]
        assert rows == [f"{number}-{file}" for file in range(files)]
