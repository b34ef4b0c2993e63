"""The ``--store`` option, and opening what it names."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from xorca.cli.failing import WrongUse, plain_errors

if TYPE_CHECKING:
    from xorca.providers.open import StoreRoom
    from xorca.runtime import TokenKeys

_F = TypeVar("_F", bound=Callable[..., Any])


def store_option(*, default: str | None = None) -> Callable[[_F], _F]:
    """Give the option; without a default it must be named, or stand in XORCA_STORE."""
    return click.option(
        "--store",
        "url",
        envvar="XORCA_STORE",
        default=default,
        show_default=default is not None,
        metavar="URL",
        help="Where processes are kept, such as sqlite:///./state.db. [env: XORCA_STORE]",
    )


def open_room(url: str) -> StoreRoom:
    """Open a store to work with; it may be made on first use."""
    from xorca.providers.open import open_store

    with plain_errors():
        room = open_store(url)
        if not (os.environ.get("XORCA_SEAL_KEY") or os.environ.get("XORCA_SEAL")):
            return room
        from xorca.sealing import sealed_by_environment

        return sealed_by_environment(room)


def token_keys() -> TokenKeys | None:
    """Give the keys of continuation tokens that stand in XORCA_TOKEN_KEY, if it is set."""
    text = os.environ.get("XORCA_TOKEN_KEY", "")
    if not text.strip():
        return None
    from xorca.runtime import TokenKeys

    with plain_errors():
        return TokenKeys(text, audience=os.environ.get("XORCA_TOKEN_AUDIENCE", ""))


def open_to_read(url: str | None) -> StoreRoom:
    """Open a store that must be there already: reading makes none."""
    if not url:
        raise WrongUse("which store? Say --store sqlite:///./state.db, or set XORCA_STORE")
    if url.startswith("memory:"):
        raise WrongUse("a memory: store is gone when its program ends; name one that lasts")
    room = open_room(url)
    path = getattr(room, "path", None)
    if path is not None and not path.exists():
        raise WrongUse(f"there is no store at {path}; it is made by the first process")
    return room
