"""From what the user types, MODULE[:Class], to the orchestrators and fleets that it names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from xorca.cli.failing import WrongUse
from xorca.cli.places import shown_place
from xorca.dsl.orchestrator import Orchestrator, OrchestratorMeta
from xorca.errors import DefinitionError


@dataclass(frozen=True, slots=True)
class Loaded:
    """A module that was imported, as the user named it, and what was asked for in it."""

    named: str
    wanted: str
    module: ModuleType

    @property
    def orchestrators(self) -> tuple[type[Orchestrator], ...]:
        """The compiled orchestrators that the module holds."""
        found = [value for value in vars(self.module).values() if _is_compiled(value)]
        return tuple(dict.fromkeys(found))

    def instances(self, kind: type[Any]) -> tuple[Any, ...]:
        """Give the objects of a class that the module holds, each once."""
        found = [value for value in vars(self.module).values() if isinstance(value, kind)]
        return tuple({id(value): value for value in found}.values())

    def one(self) -> type[Orchestrator]:
        """Give the orchestrator that was asked for, or the only one there is."""
        found = self.orchestrators
        if self.wanted:
            return self._named(found)
        if len(found) == 1:
            return found[0]
        if not found:
            cure = 'a class of it derives from Orchestrator and says name="..."'
            raise WrongUse(f"{self.named} has no orchestrator: {cure}")
        example = f"{self.named}:{found[0].__name__}"
        raise WrongUse(f"{self.named} has several orchestrators, {_names(found)}: write {example}")

    def chosen(self) -> tuple[type[Orchestrator], ...]:
        """Give the orchestrator that was asked for, or all of them."""
        return (self.one(),) if self.wanted or not self.orchestrators else self.orchestrators

    def chosen_or_none(self) -> tuple[type[Orchestrator], ...]:
        """Give the orchestrator that was asked for, or all of them, be it none."""
        return (self.one(),) if self.wanted else self.orchestrators

    def _named(self, found: tuple[type[Orchestrator], ...]) -> type[Orchestrator]:
        value: Any = getattr(self.module, self.wanted, None)
        if value in found:
            return found[found.index(value)]
        what = "no orchestrator" if value is None else f"{self.wanted!r}, but that is none"
        if isinstance(value, OrchestratorMeta):
            what = f"{self.wanted!r}, but without name= in its class statement"
        listed = f"the orchestrators there: {_names(found)}" if found else "it has none at all"
        named = f" named {self.wanted!r}" if value is None else ""
        raise WrongUse(f"{self.named} has {what}{named}; {listed}")


def _is_compiled(value: Any) -> bool:
    return isinstance(value, OrchestratorMeta) and value.__xorca_plan__ is not None


def _names(classes: tuple[type[Any], ...]) -> str:
    return ", ".join(cls.__name__ for cls in classes)


def load(text: str) -> Loaded:
    """Import what ``MODULE[:Class]`` names.

    Raises:
        DefinitionError: a class in it is no machine; ``load_sound`` reports that too.
        WrongUse: it cannot be found or imported.
    """
    named, wanted = _split(text)
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    module = _from_file(named) if _is_file(named) else _from_name(named)
    return Loaded(named, wanted, module)


def load_sound(text: str) -> Loaded:
    """Import what ``MODULE[:Class]`` names; a definition error is wrong use as well."""
    try:
        return load(text)
    except DefinitionError as exc:
        raise WrongUse(f"{text.partition(':')[0]} cannot be used: {exc}") from exc


def _split(text: str) -> tuple[str, str]:
    head, colon, tail = text.rpartition(":")
    if colon and not tail:
        raise WrongUse(f"{text!r} ends with a colon; write MODULE or MODULE:Class")
    return (head, tail) if head and tail.isidentifier() else (text, "")


def _is_file(named: str) -> bool:
    return named.endswith(".py") or "/" in named or "\\" in named


def _from_name(named: str) -> ModuleType:
    if not all(part.isidentifier() for part in named.split(".")):
        raise WrongUse(f"{named!r} is no module name and no file that ends in .py")
    try:
        return _guarded(named, lambda: importlib.import_module(named))
    except ModuleNotFoundError as exc:
        missing = exc.name or named
        if named != missing and not named.startswith(f"{missing}."):
            raise _missing_inside(named, missing) from exc
        raise WrongUse(_not_found(named, missing)) from exc


def _not_found(named: str, missing: str) -> str:
    tried = f"tried {missing.replace('.', '/')}.py and {missing.replace('.', '/')}/ in {Path.cwd()}"
    return f"there is no module {missing!r}: {tried} (which is on the path) and in {sys.prefix}"


def _missing_inside(named: str, missing: str) -> WrongUse:
    return WrongUse(f"{named} imports {missing!r}, which is not there; install or write it")


def _from_file(named: str) -> ModuleType:
    path = Path(named).resolve()
    if path.is_dir():
        if not (path / "__init__.py").is_file():
            raise WrongUse(f"{named} is a directory without __init__.py; name a file in it")
        path = path / "__init__.py"
    if not path.is_file():
        raise WrongUse(f"there is no file {named} (seen from {Path.cwd()})")
    root, name = _package_of(path)
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        return _guarded(named, lambda: _import_file(name, path))
    except ModuleNotFoundError as exc:
        raise _missing_inside(named, exc.name or "a module") from exc


def _package_of(path: Path) -> tuple[Path, str]:
    """Give the directory to put on the path, and the dotted name of the file from there."""
    parts = [] if path.name == "__init__.py" else [path.stem]
    root = path.parent
    while (root / "__init__.py").is_file():
        parts.insert(0, root.name)
        root = root.parent
    here = Path.cwd().resolve()
    if len(parts) > 1 and root != here and root.is_relative_to(here):
        inner = root.relative_to(here).parts  # a package inside plain directories
        if all(part.isidentifier() for part in inner):
            return here, ".".join([*inner, *parts])
    return root, ".".join(parts)


def _import_file(name: str, path: Path) -> ModuleType:
    """Import a file; one whose name another module has already gets a name of its own."""
    if "." in name:
        return importlib.import_module(name)
    known = sys.modules.get(name)
    if known is not None and known.__file__ == str(path):
        return known
    if known is not None or not name.isidentifier() or name in sys.stdlib_module_names:
        name = f"xorca_file_{abs(hash(str(path)))}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:  # pragma: no cover - a .py file has both
        raise WrongUse(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _guarded(named: str, do: Callable[[], ModuleType]) -> ModuleType:
    try:
        return do()
    except (ModuleNotFoundError, DefinitionError):
        raise
    except SyntaxError as exc:
        place = shown_place(f"{exc.filename}:{exc.lineno}")
        raise WrongUse(f"{named} is no Python that can be read: {exc.msg} ({place})") from exc
    except SystemExit as exc:
        raise WrongUse(f"{named} ends the program when it is imported") from exc
    except Exception as exc:
        raise WrongUse(f"importing {named} failed: {_raised(exc)}") from exc


def _raised(exc: Exception) -> str:
    trace = exc.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = (
        f" ({shown_place(f'{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}')})"
        if trace
        else ""
    )
    return f"{type(exc).__name__}: {exc}{where}"
