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
    MissingExtra : if what it needs is not installed
    """
    if name != "network":
        raise FormatError("a model whose body this textmill does not know", wanted="linear or network", got=name)
    for package in ("torch", "safetensors"):
        require(package, f"a model with a {name} body")
    from textmill.models.networks.body import NetworkBody

    return NetworkBody


def require(package: str, what: str) -> None:
    """Check that a package of the extra "networks" is installed.

    Raises
    ------
    MissingExtra : if not
    """
    try:
        import_module(package)
    except ImportError as error:
        raise MissingExtra(what, package=package, extra="networks") from error
