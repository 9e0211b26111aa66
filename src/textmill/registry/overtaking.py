"""What looks at the store and then changes it, where another machine may change it in between."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from textmill.errors import StoreError

__all__ = ["Overtaken", "decides"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Overtaken(StoreError):
    """Another machine has changed the store since it was looked at; never seen outside of what `decides` marks."""

    def __init__(self) -> None:
        super().__init__("another machine has changed the store meanwhile", hint="Run it again.")


def decides(function: _Function) -> _Function:
    """Mark a function of a store that decides by what is there and then commits one change: it is done again if another
    machine was quicker. In a folder that a lock guards nobody can be.
    """

    @wraps(function)
    def done(store: Any, *args: Any, **kwargs: Any) -> Any:
        while True:  # whoever is overtaken is so because another came to its end
            try:
                with store.deciding():
                    return function(store, *args, **kwargs)
            except Overtaken:
                continue

    return cast(_Function, done)
