"""Whether a store sets wake-ups in the commit of a save."""

from __future__ import annotations

from typing import cast

from xorca.ports import Alarm, ArmingStore, Store


def arming_store(store: Store, alarm: Alarm | None) -> ArmingStore | None:
    """Give the store if its commits set the wake-ups of this alarm, its own; else None.

    A subclass that saves, or sets, in a way of its own and says nothing of the two together is
    asked to do the one and then the other, as any store and alarm are.
    """
    own = getattr(store, "alarm", None)
    if alarm is None or own is not alarm:
        return None
    if not (_go_together(store, "save", "save_arming") and _go_together(alarm, "set", "ride")):
        return None
    return cast(ArmingStore, store)


def _go_together(room: object, plain: str, joint: str) -> bool:
    """Tell whether the class that has the plain verb has the joint one as well."""
    for cls in type(room).__mro__:
        if plain in vars(cls):
            return joint in vars(cls)
    return False
