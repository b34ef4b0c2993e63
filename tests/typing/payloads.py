"""The payloads and topics that the files beside this one share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from xorca import Topic


@dataclass(frozen=True)
class Order:
    sku: str
    cents: int


@dataclass(frozen=True)
class UrgentOrder(Order):
    hours: int


@dataclass(frozen=True)
class Receipt:
    number: int


class Parcel(TypedDict):
    weight: float


@dataclass(frozen=True)
class Failure:
    reason: str


BUY = Topic("cmd.order.buy", Order)
RUSH = Topic("cmd.order.rush", UrgentOrder)
CHARGE = Topic("cmd.card.charge", Order)
CHARGED = Topic("evt.card.charge.success", Receipt)
PACKED = Topic("evt.parcel.pack.success", Parcel)
FAILED = Topic("evt.card.charge.error", Failure)
RUSHED = Topic("evt.order.rush.success", UrgentOrder)
BOUGHT = Topic("evt.order.buy.success", Receipt)
