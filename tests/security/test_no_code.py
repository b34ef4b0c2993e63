"""Stored and received data runs no code: the package has nothing that would (T5, T7, T18)."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.dsl.refusals import problems_of
from tests.unit.test_import import loaded_by_import
from xorca import Orchestrator, State, end, on, start

ROOT = Path(__file__).parents[2]
PACKAGES = ("xorca", "contrib/xorca_contrib")
MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml"}
MODULES |= {"xml", "lxml", "jsonpickle", "code", "codeop", "plistlib", "telnetlib"}
CALLS = {"eval", "exec", "compile", "__import__", "execfile", "breakpoint", "input"}
METHODS = {"system", "popen", "_load_name", "literal_eval"}
ALLOWED: dict[str, set[str]] = {}


def dangerous(path: Path) -> Iterator[str]:
    """Say what in a file would run what it reads."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for name in _names(node):
            if name not in ALLOWED.get(path.name, set()):
                yield f"{path}:{getattr(node, 'lineno', 0)}: {name}"


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (a.name for a in node.names if a.name.partition(".")[0] in MODULES)
    elif isinstance(node, ast.ImportFrom):
        if (node.module or "").partition(".")[0] in MODULES:
            yield node.module or ""
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in CALLS:
            yield node.func.id
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            yield node.func.attr
        yield from ("shell=True" for k in node.keywords if k.arg == "shell" and _is_true(k.value))


def _is_true(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def test_nothing_in_the_package_runs_what_it_reads() -> None:
    """No pickle, marshal, YAML, eval, exec, XML parser or shell."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]

    found = [line for path in paths for line in dangerous(path)]

    assert len(paths) > 100
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from marshal import loads",
        "def f():\n    import yaml.loader",
        "eval('1')",
        "exec(x)",
        "import os\nos.system('ls')",
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "from xml.etree import ElementTree",
        "__import__('os')",
    ],
)
def test_what_runs_data_is_seen(tmp_path: Path, text: str) -> None:
    """Each of these would be found."""
    path = tmp_path / "file.py"
    path.write_text(text, encoding="utf-8")

    assert len(list(dangerous(path))) == 1


def test_outside_text_reaches_no_attribute() -> None:
    """In engine and runtime nothing is looked up by a name that is not written in the code."""
    allowed = re.compile(r"getattr\((?:\w+(?:\.\w+)*), \"\w+\"(?:, [\w\"()]+)?\)")
    for folder in ("engine", "runtime", "sealing"):
        for path in sorted((ROOT / "xorca" / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            for call in re.findall(r"(?<!def __)\b[gs]etattr\([^\n]*", text):
                by_name = allowed.match(call)
                assert by_name or path.name == "store.py", f"{path}: {call}"


@pytest.mark.parametrize("text", ["os.getcwd", "os.system", "begin", "__import__", "xorca.end"])
def test_no_callback_is_named_by_text(text: str) -> None:
    """A guard is a function: a dotted name would be imported and called."""
    given: Any = text

    with pytest.raises(TypeError):

        class Named(Orchestrator, name="sec.named"):
            @start(to=end)
            def begin(self) -> None: ...

            @on("evt.a.b", at="begin", to=end, when=given)
            def later(self) -> None: ...


def _state(name: str) -> Callable[[], object]:
    def define() -> type[Orchestrator]:
        body: dict[str, Any] = {name: State(), "__module__": __name__}

        @start(to=body[name])
        def begin(self: Orchestrator) -> None: ...

        @on("evt.a.b", at=body[name], to=end)
        def close(self: Orchestrator) -> None: ...

        body |= {"begin": begin, "close": close}
        return type(Orchestrator)("Odd", (Orchestrator,), body, name="sec.odd")

    return define


@pytest.mark.parametrize("name", ["subject", "now", "event", "token", "_scene", "process_id"])
def test_no_state_shadows_what_self_has(name: str) -> None:
    """Names that xorca gives to self are refused when the class is defined (T8)."""
    assert "X22" in {problem.code for problem in problems_of(_state(name))}


def test_importing_xorca_loads_no_optional_package() -> None:
    """Nor what only sealing needs (T18)."""
    loaded = {name.partition(".")[0] for name in loaded_by_import()}

    assert "msgspec" in loaded
    assert not loaded & {"cryptography", "boto3", "botocore", "aiobotocore", "azure", "pydantic"}
    assert not loaded & {"hmac", "yaml", "xml"}
