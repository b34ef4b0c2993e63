"""The benchmarks still run. What they measure is no matter of a test."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.benchmarks import instructions
from tests.benchmarks.everything import SCRIPTS, main
from tests.benchmarks.growth import filled
from tests.benchmarks.kinds import KINDS, STORES
from tests.benchmarks.plot import TITLE
from tests.benchmarks.seams import PARTS, REST
from xorca.ports import Query
from xorca.providers.local import SqliteStore

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
NUMBER = (int, float)

# What stands in the file, by name: written down here once more, so that nobody changes it unseen.
RUN = {
    "format": int,
    "date": str,
    "size": str,
    "seconds": NUMBER,
    "machine": dict,
    "figures": list,
}
MACHINE = {
    "python": str,
    "platform": str,
    "architecture": str,
    "cpus": int,
    "load": NUMBER,
    "sqlite": str,
    "disk": str,
    "packages": dict,
}
FIGURE = {
    "name": str,
    "value": NUMBER,
    "unit": str,
    "most": (*NUMBER, type(None)),
    "least": (*NUMBER, type(None)),
    "samples": list,
    "group": str,
    "what": str,
    "series": str,
    "at": (*NUMBER, type(None)),
    "target": str,
    "verdict": str,
}


def check_members(found: dict[str, Any], members: dict[str, Any]) -> None:
    """Say what a JSON object lacks, has besides, or has of another type."""
    assert found.keys() == members.keys()
    wrong = {
        name: found[name] for name, kind in members.items() if not isinstance(found[name], kind)
    }
    assert not wrong


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path, str]:
    """Run everything once, tiny: what was kept, the plot, and what was printed."""
    place = tmp_path_factory.mktemp("bench")
    kept, plot = place / "bench.json", place / "bench.svg"
    options = ["--smoke", "--json", str(kept), "--svg", str(plot)]
    command = [sys.executable, "-m", "tests.benchmarks.everything", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(kept.read_text(encoding="utf-8")), plot, done.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_benchmark_runs(tmp_path: Path, script: str) -> None:
    """With tiny sizes a script prints and keeps its figures, each with a unit."""
    kept = tmp_path / "figures.json"
    command = [sys.executable, "-m", f"tests.benchmarks.{script}", "--smoke", "--json", str(kept)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    figures = json.loads(kept.read_text(encoding="utf-8"))["figures"]
    assert figures
    assert {each["group"] for each in figures} == {script}
    assert all(each["unit"] and each["name"].strip() in done.stdout for each in figures)


def test_a_run_is_kept_by_the_schema(run: tuple[dict[str, Any], Path, str]) -> None:
    """The machine and every figure have the members, and of the types, that are stated."""
    kept, _, _ = run

    check_members(kept, RUN)
    check_members(kept["machine"], MACHINE)
    for figure in kept["figures"]:
        check_members(figure, FIGURE)
        assert all(isinstance(sample, NUMBER) for sample in figure["samples"])
    assert "xorca" in kept["machine"]["packages"]


def test_a_run_holds_figures_of_every_script(run: tuple[dict[str, Any], Path, str]) -> None:
    """No script is left out, and no two figures have one name."""
    kept, _, _ = run

    keys = [(each["group"], each["name"].strip()) for each in kept["figures"]]

    assert {group for group, _ in keys} == SCRIPTS.keys()
    assert len(keys) == len(set(keys))


def test_the_table_has_a_line_for_each_kind_and_number(
    run: tuple[dict[str, Any], Path, str],
) -> None:
    """Each kind is there with 1 and with 32 subjects at once, with four figures each."""
    _, _, printed = run

    shown = [
        (kind, line.removeprefix(kind).split())
        for kind in KINDS
        for line in printed.splitlines()
        if line.startswith(f"{kind}  ")
    ]

    assert [(kind, words[0]) for kind, words in shown] == [
        (k, n) for k in KINDS for n in ("1", "32")
    ]
    assert all(float(word.replace(",", "")) > 0 for _, words in shown for word in words[1:])
    assert {len(words) for _, words in shown} == {5}


def test_every_sample_is_a_round(run: tuple[dict[str, Any], Path, str]) -> None:
    """What is measured by rounds keeps what each round gave; the value lies within them."""
    kept, _, _ = run
    latencies = [each for each in kept["figures"] if each["group"] == "latency"]

    assert latencies
    for each in latencies:
        assert min(each["samples"]) <= each["value"] <= max(each["samples"])


def test_the_plot_shows_every_series(run: tuple[dict[str, Any], Path, str]) -> None:
    """It is well-formed, has a title, and a group with elements and a name for each series."""
    kept, plot, _ = run
    expected = {f"Throughput: {at} at once" for at in (1, 32)}
    expected |= {f"Latency: {what}, {at} at once" for what in ("p50", "p99") for at in (1, 32)}
    expected |= {f"An answer in a fan-out: {kind}" for kind in ("joined", "folded")}
    seen = ("stored processes", "answers seen", "plain events seen")
    expected |= {f"An event where much is stored or was seen: {kind}" for kind in seen}
    expected |= {f"CPU time of an event by part, one at a time: {part}" for part in (*PARTS, REST)}

    root = ElementTree.parse(plot).getroot()

    assert root.tag == f"{SVG}svg"
    assert root.findtext(f"{SVG}title") == TITLE
    groups = {group.findtext(f"{SVG}title"): group for group in root.iter(f"{SVG}g")}
    assert groups.keys() == expected
    assert all(len(group) > 1 for group in groups.values())
    assert kept["machine"]["python"] in (root.findtext(f"{SVG}desc") or "")


def test_the_plot_names_its_axes_with_their_units(run: tuple[dict[str, Any], Path, str]) -> None:
    """Every panel says what is measured, and in what."""
    _, plot, _ = run

    written = {text.text for text in ElementTree.parse(plot).getroot().iter(f"{SVG}text")}

    assert written >= {
        "events a second",
        "ms a call (logarithmic)",
        "CPU ms an answer (logarithmic)",
        "CPU ms an event (logarithmic)",
        "CPU ms an event",
        "kind of store",
        "answers of the fan-out (logarithmic)",
        "how many of them (logarithmic)",
    }
    assert written >= {*KINDS, *STORES, *PARTS}


def test_what_was_not_measured_is_said_to_be_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some scripts alone leave the other panels empty, and no script but them runs."""
    kept, plot = tmp_path / "some.json", tmp_path / "some.svg"
    options = ["--smoke", "--only", "imports", "--json", str(kept), "--svg", str(plot)]

    code = main(options)

    assert code == 0
    groups = {each["group"] for each in json.loads(kept.read_text(encoding="utf-8"))["figures"]}
    assert groups == {"imports"}
    written = [text.text for text in ElementTree.parse(plot).getroot().iter(f"{SVG}text")]
    assert written.count("not measured") == 5
    assert "import xorca: above bare" in capsys.readouterr().out


def test_an_unknown_script_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever asks for a script that is not there is told which there are."""
    with pytest.raises(SystemExit):
        main(["--only", "latency,speed"])

    said = capsys.readouterr().err
    assert "'speed'" in said
    assert "latency" in said


async def test_as_many_processes_are_stored_as_is_said(tmp_path: Path) -> None:
    """Each file of the growth benchmark holds its count of old processes, on disk as copied."""
    paths = await filled(tmp_path, (3, 300))

    counts: dict[int, int] = {}
    for count, path in paths.items():
        async with SqliteStore(path) as store:
            page = await store.list(Query(status="ended"), limit=1_000)
            subjects = [listed.summary.subject for listed in page.items if listed.summary]
            counts[count] = sum("/old-" in subject for subject in subjects)
    assert counts == {3: 3, 300: 300}


def test_without_valgrind_nothing_is_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one sentence."""
    monkeypatch.setenv("PATH", "")

    assert instructions.main([]) == 2
    assert "not installed" in capsys.readouterr().err


def test_the_work_that_is_counted_is_done() -> None:
    """Of each kind, without valgrind."""
    for kind in instructions.COUNTED:
        asyncio.run(instructions.work(kind, 1))
