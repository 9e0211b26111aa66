"""Cleaners that go together, under one name."""

from __future__ import annotations

from textmill.errors import UnknownName

__all__ = ["PROFILES", "profile"]

# The order is not taste. Markup first: an entity may spell out a control, a mark or an '@'. Controls before the normal
# form: an invisible character keeps a letter and its mark apart. Links before mails, mentions and hashtags, which are
# looked for inside links otherwise; mails before mentions. White space last: the others leave blanks behind.
PROFILES: dict[str, tuple[str, ...]] = {
    # any text: same look, same bytes
    "plain": ("control", "nfc", "spaces"),
    # posts: who and where goes, what a tag or a smiley says stays as words
    "tweet": (*("html", "control", "nfc", "urls", "emails", "mentions", "hashtags-split", "emoji-name", "spaces"),),
    # pages and mails
    "web": ("html", "control", "nfc", "urls", "emails", "spaces"),
    # articles of an encyclopaedia
    "wiki": ("html", "control", "nfc", "urls", "citations", "spaces"),
}


def profile(name: str) -> tuple[str, ...]:
    """The cleaners of a profile, in the order in which they run.

    ``plain`` evens out what looks alike; ``tweet`` is for posts; ``web`` for pages and mails; ``wiki`` for articles
    with marks of references. All of them join white space, line breaks too: sentences are found in the raw text, to
    which the places of all words lead back.

    Raises
    ------
    UnknownName : if there is no such profile

    Examples
    --------
    >>> profile("web")
    ('html', 'control', 'nfc', 'urls', 'emails', 'spaces')
    """
    if name not in PROFILES:
        raise UnknownName("profile", name, PROFILES)
    return PROFILES[name]
