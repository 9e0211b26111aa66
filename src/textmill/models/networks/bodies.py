"""Which body a saved model has."""

from __future__ import annotations

from importlib import import_module

from textmill.errors import FormatError, MissingExtra
from textmill.models.body import Body

__all__ = ["body_class", "require"]


def body_class(name: str) -> type[Body]:
    """The class of a body that is not linear.

    Raises
    ------
    FormatError : if there is none of that name
    """
    if name != "network":
        raise FormatError("a model whose body this textmill does not know", wanted="linear or network", got=name)
    from textmill.models.networks.body import NetworkBody

    return NetworkBody


def require(package: str, what: str, *, extra: str = "networks") -> None:
    """Check that a package of an extra is installed.

    Raises
    ------
    MissingExtra : if not
    """
    try:
        import_module(package)
    except ImportError as error:
        raise MissingExtra(what, package=package, extra=extra) from error
