"""What the benchmarks are made of: turns, seams, scales, and the comparison of two runs."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.benchmarks import seams
from tests.benchmarks.axes import linear, logarithmic, short
from tests.benchmarks.compare import compare, machine_drift, main, spread
from tests.benchmarks.figures import Figure
from tests.benchmarks.machine import this_machine
from tests.benchmarks.results import Results, read, write
from tests.benchmarks.seams import PARTS, REST, SEAMS, Ledger, Seam, SeamGone
from tests.benchmarks.sizes import Size
from tests.benchmarks.timing import percentile, take_turns

STEADY = (0.99, 1.0, 1.0, 1.01)


def figure(value: float, *, unit: str = "ms", by: tuple[float, ...] = STEADY) -> Figure:
    """Make a figure whose rounds spread around its value."""
    return Figure("one", value, unit, samples=tuple(value * each for each in by), group="cost")


def yardstick(value: float) -> Figure:
    """Make the figure of the work by hand."""
    name, samples = "p50, by hand", (value, value, value)
    return Figure(name, value, "ms", samples=samples, group="latency", series="by hand")


def results(*figures: Figure) -> Results:
    """Make a run of these figures."""
    return Results(
        format=1,
        date="2026-01-01T00:00:00+00:00",
        size=Size.FULL,
        seconds=1.0,
        machine=this_machine(),
        figures=list(figures),
    )


def flag(old: Figure, new: Figure, *others: tuple[Figure, Figure]) -> str:
    """Compare two runs, and say what is flagged of their first figure."""
    before, after = zip((old, new), *others, strict=True)
    return compare(results(*before), results(*after))[0].flag


# -- comparing --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "factor", "said"),
    [("ms", 1.3, "worse"), ("ms", 0.7, "better"), ("/s", 1.3, "better"), ("/s", 0.7, "worse")],
)
def test_a_change_beyond_the_noise_is_flagged(unit: str, factor: float, said: str) -> None:
    """Which way is better depends on the unit."""
    assert flag(figure(1.0, unit=unit), figure(factor, unit=unit)) == said


@pytest.mark.parametrize("factor", [0.96, 1.0, 1.04])
def test_a_change_within_the_noise_is_not_flagged(factor: float) -> None:
    """No figure is trusted to less than five percent."""
    assert flag(figure(1.0), figure(factor)) == ""


def test_rounds_that_spread_widen_the_noise() -> None:
    """A change as large as the rounds lie apart says nothing."""
    wide = (0.7, 0.8, 1.0, 1.2, 1.4)

    assert flag(figure(1.0, by=wide), figure(1.3, by=wide)) == ""


def test_one_round_out_of_many_does_not_hide_a_change() -> None:
    """The middle half of the rounds counts, not the worst of them."""
    disturbed = (*STEADY, *STEADY, 9.0)

    assert flag(figure(1.0, by=disturbed), figure(1.5, by=disturbed)) == "worse"


def test_a_machine_that_was_slower_is_no_change() -> None:
    """What the work by hand became slower is noise; what goes beyond it is not."""
    slower = (yardstick(1.0), yardstick(1.5))

    assert flag(figure(1.0), figure(1.5), slower) == ""
    assert flag(figure(1.0), figure(2.0), slower) == "worse"
    assert machine_drift(results(slower[0]), results(slower[1])) == pytest.approx(1.5)


def test_the_machine_changes_no_ratio() -> None:
    """What is a ratio or a size already does not drift with the machine."""
    slower = (yardstick(1.0), yardstick(1.5))

    assert flag(figure(1.0, unit="x"), figure(1.5, unit="x"), slower) == "worse"


def test_of_one_round_nothing_is_said() -> None:
    """Without rounds nobody knows the noise; a target that is missed is seen all the same."""
    old = Figure("growth", 2.0, "MB", most=5.0)
    new = Figure("growth", 9.0, "MB", most=5.0)

    assert spread(old) is None
    assert flag(old, new) == "target missed"


def test_the_comparison_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the ratio of each figure, its flag, and what only one run has."""
    only = Figure("another", 1.0, "ms", group="cost")
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    write(results(figure(1.0)), old)
    write(results(figure(2.0), only), new)

    code = main([str(old), str(new)])

    printed = capsys.readouterr().out
    assert code == 0
    (line,) = [line for line in printed.splitlines() if line.startswith("cost: one")]
    assert "2.00" in line
    assert line.endswith("worse")
    assert "only in the new run: cost: another" in printed


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Nothing of a run is lost on the way through JSON."""
    run, path = results(figure(1.0), yardstick(2.0)), tmp_path / "run.json"

    write(run, path)

    assert read(path) == run


@pytest.mark.parametrize("text", [None, "", "[]", '{"format": 1}', '{"figures": 7}'])
def test_what_is_no_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    """A file that is not there, or holds something else, is named; nothing is printed of it."""
    path = tmp_path / "no-run.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")

    code = main([str(path), str(path)])

    said = capsys.readouterr()
    assert code == 2
    assert "no-run.json" in said.err
    assert said.out == ""


def test_another_format_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run of another format is not compared as if it were of this one."""
    path = tmp_path / "run.json"
    write(results(figure(1.0)), path)
    kept = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**kept, "format": 2}), encoding="utf-8")

    assert main([str(path), str(path)]) == 2
    assert "format 2" in capsys.readouterr().err


# -- turns ------------------------------------------------------------------------------------


def test_the_first_round_is_thrown_away() -> None:
    """It only warms up; each later one is kept."""
    assert take_turns({"a": lambda number: number}, 3) == {"a": [1, 2, 3]}


def test_each_round_begins_with_another_one() -> None:
    """Whoever would always come first might have it harder."""
    order: list[str] = []
    contestants = {name: partial(_append, order, name) for name in "abc"}

    take_turns(contestants, 2)

    assert "".join(order) == "abcbcacab"


def _append(order: list[str], name: str, _: int) -> None:
    order.append(name)


def test_what_takes_long_has_its_turn_seldom() -> None:
    """It has one in every so many rounds, the first counted one among them."""
    found = take_turns({"a": lambda number: number}, 7, every={"a": 3})

    assert found == {"a": [1, 4, 7]}


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (99, 99), (100, 100), (0, 1)])
def test_a_percentile_is_a_value_that_came(percent: float, expected: int) -> None:
    """Of a hundred values the n-th stands for n percent."""
    assert percentile(range(100, 0, -1), percent) == expected


# -- seams ------------------------------------------------------------------------------------


def test_a_function_that_is_gone_is_named() -> None:
    """Who renames a production function is told that the benchmark looks for it."""
    owner = SimpleNamespace()

    with pytest.raises(SeamGone, match="'step'"), Ledger().watching((Seam("step", owner, "step"),)):
        pass


def test_a_part_through_which_nothing_comes_is_named() -> None:
    """A seam that production passes by gives no figure of nought."""
    ledger = Ledger()
    for part in PARTS[1:]:
        ledger.enter(part)
        ledger.leave()

    with pytest.raises(SeamGone, match=PARTS[0]):
        ledger.cpu()


def test_production_is_left_as_it_was() -> None:
    """After watching every function is the very one that it was before."""
    before = [vars(seam.owner)[seam.name] for seam in SEAMS]

    with Ledger().watching():
        during = [vars(seam.owner)[seam.name] for seam in SEAMS]

    assert all(one is not other for one, other in zip(before, during, strict=True))
    assert [vars(seam.owner)[seam.name] for seam in SEAMS] == before


def test_a_moment_counts_for_the_innermost_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a part does within another is not counted twice, and nothing is left out."""
    clock = iter(range(1_000))
    monkeypatch.setattr(seams, "process_time", lambda: float(next(clock)))
    outer, inner = PARTS[:2]

    ledger = Ledger()
    ledger.enter(outer)
    ledger.enter(inner)
    ledger.leave()
    ledger.leave()

    # The clock ticks at each look: one second passes for whoever it is between two changes.
    assert ledger.spent == dict.fromkeys(PARTS, 0.0) | {outer: 2.0, inner: 1.0, REST: 1.0}


# -- scales -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("least", "most"), [(0.002, 0.0021), (0.13, 57.0), (3.0, 3.0), (1, 1e5)])
def test_a_logarithmic_scale_holds_its_numbers(least: float, most: float) -> None:
    """Both ends lie on it, and two to eight ticks are named."""
    scale = logarithmic(least, most, 0.0, 100.0)

    assert scale.low <= least
    assert scale.high >= most
    assert 2 <= len(scale.ticks) <= 8
    assert 0.0 <= scale(least) <= scale(most) <= 100.0


@pytest.mark.parametrize("most", [0.0, 0.0031, 0.99, 1.0, 7.0, 13_443.0])
def test_a_linear_scale_holds_its_numbers(most: float) -> None:
    """It begins at nought, and two to eight ticks are named."""
    scale = linear(most, 0.0, 100.0)

    assert scale(0.0) == 0.0
    assert most <= scale.high
    assert 2 <= len(scale.ticks) <= 8


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (0.123, "0.12"), (560.4, "560"), (1_234, "1,234"), (13_400, "13.4k")],
)
def test_numbers_are_written_short(value: float, expected: str) -> None:
    """A bar is narrow, and its value stands above it."""
    assert short(value) == expected
