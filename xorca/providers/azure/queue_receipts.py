"""Receipts of deliveries: a message that is hidden anew has another receipt in its queue."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from xorca.errors import ConfigurationError
from xorca.providers.azure.queue_box import Taken
from xorca.providers.channel import Delivery

_MOST: Final = 10_000


class Receipts:
    """From the receipt of a delivery to what its queue asks for by now."""

    def __init__(self) -> None:
        self._newest: OrderedDict[str, str] = OrderedDict()

    def group_of(self, delivery: Delivery) -> str:
        """Give the group that a delivery is of.

        Raises:
            ConfigurationError: this is no receipt of such a channel.
        """
        return _parts(delivery.receipt)[0]

    def taken(self, delivery: Delivery) -> Taken:
        """Give the message of a delivery, with the newest receipt that is known of it."""
        _, name, pop = _parts(delivery.receipt)
        return Taken(name, "", delivery.attempts, self._newest.get(delivery.receipt, pop))

    def renew(self, delivery: Delivery, pop: str) -> None:
        """Note the receipt that a message was given when it was hidden anew."""
        self._newest[delivery.receipt] = pop
        self._newest.move_to_end(delivery.receipt)
        if len(self._newest) > _MOST:
            self._newest.popitem(last=False)

    def forget(self, delivery: Delivery) -> None:
        """Forget a delivery that was settled."""
        self._newest.pop(delivery.receipt, None)


def receipt_of(group: str, taken: Taken) -> str:
    """Give the receipt of a delivery; a receipt of a queue has no line feed."""
    return f"{taken.id}\n{taken.pop}\n{group}"


def _parts(receipt: str) -> tuple[str, str, str]:
    name, _, rest = receipt.partition("\n")
    pop, mark, group = rest.partition("\n")
    if not mark:
        raise ConfigurationError(
            f"{receipt[:60]!r} is no receipt of this channel; pass the Delivery objects that"
            " receive() gave"
        )
    return group, name, pop
