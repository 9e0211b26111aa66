"""Promote a version: an alias points to it once the policy is satisfied, or somebody answers for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textmill.errors import DataError, GateRefused
from textmill.flow.policy import Check, Version, checks, policy_of
from textmill.registry import Store
from textmill.registry.aliases import check_alias
from textmill.types import Ref

__all__ = ["Promotion", "PromotionRefused", "approve", "promote"]


@dataclass(frozen=True, slots=True)
class Promotion:
    """What a promotion came to.

    Attributes
    ----------
    ref, alias : the alias points to the version now
    before : where it pointed before; None if nowhere
    checks : what was asked of the version; nothing where the policy does not guard the alias, or it was there already
    """

    ref: Ref
    alias: str
    before: Ref | None
    checks: tuple[Check, ...]

    @property
    def broken(self) -> tuple[Check, ...]:
        """What does not hold; the promotion was refused for it, or it was overridden."""
        return tuple(check for check in self.checks if not check.holds)


class PromotionRefused(GateRefused):
    """The policy said no; `promotion` tells all that was asked."""

    def __init__(self, promotion: Promotion) -> None:
        self.promotion = promotion
        broken, asked = promotion.broken, len(promotion.checks)
        super().__init__(
            f"it may not be {promotion.alias}; {len(broken)} of {asked} checks say no: "
            + "; ".join(f"{check.name}: {check.said}" for check in broken),
            where=str(promotion.ref),
            hint="Who answers for it can override: --override --by NAME --reason TEXT",
        )


def promote(
    store: Store,
    model: str | Ref,
    to: str = "champion",
    *,
    by: str | None = None,
    reason: str | None = None,
    override: bool = False,
    on_wait: Callable[[str], None] | None = None,
) -> Promotion:
    """Let an alias point to a version, if the policy lets it.

    Parameters
    ----------
    model : with its version, as in ``disaster@3``
    by, reason : who does it and why, for the audit log
    override : do it although checks say no; the log says so, and needs `by` and `reason`
    on_wait : called once with who else is promoting this model, when waiting begins

    Raises
    ------
    PromotionRefused : with every check that says no, all at once; the log says so
    ConfigError : if the policy is at fault
    DataError : if an override has no name or no reason, or the alias can be none
    NotInStore, CorruptError, FormatError : if the version is not there, or cannot be trusted or understood
    StoreError : if no version is named, or the alias was moved by somebody else meanwhile
    """
    check_alias(to)
    if override and not (_said(by) and _said(reason)):
        raise DataError("an override needs who answers for it, and why", wanted="a name and a reason")
    ref = store.exactly(model)
    with store.lock(f"promote-{ref.name}", wait=None, on_wait=on_wait):
        seen = store.aliases(ref.name)
        before = Ref("model", ref.name, seen[to].version) if to in seen else None
        version = Version(store, ref)
        policy = policy_of(store, version.manifest)
        asked = tuple(checks(policy, version, before)) if to in policy.guards and before != ref else ()
        made = Promotion(ref, to, before, asked)
        facts = {"by": _said(by), "reason": _said(reason)}
        broken = [f"{check.name}: {check.said}" for check in made.broken]
        if broken and not override:
            store.audit.append("refuse", ref=str(ref), to=to, broken=broken, **facts)
            raise PromotionRefused(made)
        told = {"checks": [check.name for check in asked], "overridden": broken}
        store.point(ref, to, seen=seen, **facts, **told)
        return made


def approve(store: Store, model: str | Ref, *, by: str, reason: str) -> Ref:
    """Note in the audit log that somebody approves of a version, and why; the version.

    Raises
    ------
    DataError : if there is no name or no reason
    NotInStore, CorruptError, FormatError : if the version is not there, or cannot be trusted or understood
    StoreError : if no version is named
    """
    if not (_said(by) and _said(reason)):
        raise DataError("an approval needs who approves, and why", wanted="a name and a reason")
    ref = store.exactly(model)
    store.open(ref)
    store.audit.append("approve", ref=str(ref), by=_said(by), reason=_said(reason))
    return ref


def _said(text: str | None) -> str | None:
    """On one line, and None if that is empty."""
    return " ".join((text or "").split()) or None
