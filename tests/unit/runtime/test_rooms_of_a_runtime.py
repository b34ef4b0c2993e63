"""What a Runtime is put together from is looked at when it is made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.runtime.counting import Counter
from xorca import Runtime, open_store
from xorca.errors import ConfigurationError
from xorca.providers.memory import MemoryStore


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"store": "memory:"}, r"store='memory:' is no store .* write open_store\(url\)"),
        ({"store": None}, "store=None is no store"),
        ({"bus": "sns:topic"}, r"bus='sns:topic' is no bus .* write open_bus\(url\)"),
        ({"alarm": MemoryStore()}, r"alarm=.* has no 'set'"),
        ({"lease": 5}, "lease=5 is no lease .* it has no 'hold'$"),
    ],
)
def test_what_is_no_room_is_refused(wrong: dict[str, Any], sentence: str) -> None:
    """The first event would be told of it by a fault, and come again for ever."""
    with pytest.raises(ConfigurationError, match=sentence):
        Runtime([Counter], **{"store": MemoryStore(), **wrong})


@pytest.mark.parametrize("url", ["s3://bucket/prefix", "dynamodb://table"])
@pytest.mark.parametrize(
    ("name", "cure"),
    [("channel", "open_bus"), ("alarm", "open_alarm"), ("lease", "DynamoDBLease")],
)
def test_a_store_in_a_cloud_says_where_to_get_the_rest(url: str, name: str, cure: str) -> None:
    """And whoever asks carefully is told that there is none."""
    store = open_store(url)

    with pytest.raises(ConfigurationError, match=f"has no {name}: .*{cure}"):
        getattr(store, name)
    assert getattr(store, name, None) is None
