"""Texts that seem to hold personal data: e-mail addresses, phone, card and bank account numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from textmill.read.corpus import Corpus

__all__ = ["find_personal", "is_card", "is_iban"]

_SHOWN = 5  # ids of rows, never what stands in them


def is_card(said: str) -> bool:
    """Whether 13 to 19 digits, with blanks or hyphens between them, carry a card's check digit (ISO/IEC 7812, Luhn).

    Examples
    --------
    >>> is_card("4111 1111 1111 1111"), is_card("4111 1111 1111 1112")
    (True, False)
    """
    digits = [int(sign) for sign in said if sign.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4) for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def is_iban(said: str) -> bool:
    """Whether an account number, with or without blanks, carries the check digits of ISO 13616 (mod 97 is 1).

    Examples
    --------
    >>> is_iban("GB82 WEST 1234 5698 7654 32"), is_iban("GB82 WEST 1234 5698 7654 33")
    (True, False)
    """
    plain = said.replace(" ", "").upper()
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _is_phone(said: str) -> bool:
    return 9 <= sum(sign.isdigit() for sign in said) <= 15  # E.164 allows no more


# found by Arrow's RE2, in linear time, and looked at again by Python only where that found something
_KINDS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "e-mail": (r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}\b", lambda said: True),
    "phone": (
        r"(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?|\(\d{3}\) ?|\b\d{3}[.-])\d{2,4}(?:[ .-]?\d{2,4}){1,4}\b",
        _is_phone,
    ),
    "card": (r"\b[3-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}\b", is_card),
    "iban": (r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b", is_iban),
}


def find_personal(corpus: Corpus) -> dict[str, dict[str, Any]]:
    """How many texts seem to hold personal data, by kind; the data themselves are not repeated.

    Numbers of cards and accounts count only with the right check digits; phone numbers are told by their form (with a
    country's code, or as in +1 206 555 0100, (206) 555-0100, 206-555-0100), so some are none.

    Returns
    -------
    kind -> ``texts`` and the first ``ids``; only kinds that were found

    Examples
    --------
    >>> found = find_personal(Corpus.of(["to ann@example.org", "nothing", "4111 1111 1111 1111"], label=None))
    >>> {kind: one["ids"] for kind, one in found.items()}
    {'e-mail': ['1'], 'card': ['3']}
    """
    found: dict[str, dict[str, Any]] = {}
    for batch in corpus.batches():
        for kind, (pattern, holds) in _KINDS.items():
            rows = pc.match_substring_regex(batch.column("text"), pattern)
            if not pc.any(rows).as_py():
                continue
            near = pa.Table.from_batches([batch.select(["id", "text"])]).filter(rows).to_pydict()
            compiled = re.compile(pattern, re.ASCII)
            ids = [
                row
                for row, text in zip(near["id"], near["text"], strict=True)
                if any(map(holds, compiled.findall(text)))
            ]
            if ids:
                told = found.setdefault(kind, {"texts": 0, "ids": []})
                told["texts"] += len(ids)
                told["ids"] = [*told["ids"], *ids][:_SHOWN]
    return found
