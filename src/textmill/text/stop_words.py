"""Stop words: the words that a text path drops, and the negations among them that it keeps.

"Not good" without its "not" says the opposite, so a list of stop words does not take the negations out unless the
project file says ``keep_negations = false``. That holds for every list, also for one's own: the lists that are passed
around for English nearly all hold "not", "no" and what is left of "don't".

The English list is ours, the others those of the package stop-words; of its 34 those are taken that are whole, in the
script and spelling of today, and whose language has a table of negations here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from textmill.config import Language
from textmill.errors import MissingExtra, UnknownName
from textmill.text.negations import NEGATIONS

__all__ = ["ENGLISH", "spared", "stop_words"]

# Glasgow Information Retrieval Group, http://ir.dcs.gla.ac.uk/resources/linguistic_utils/stop_words, with its slips
# ("amoungst"): scikit-learn's "english" is the same 318 words, and results are to be the same.
_GLASGOW = """
    a about above across after afterwards again against all almost alone along already also although always am among
    amongst amoungst amount an and another any anyhow anyone anything anyway anywhere are around as at back be
    became because become becomes becoming been before beforehand behind being below beside besides between beyond
    bill both bottom but by call can cannot cant co con could couldnt cry de describe detail do done down due during
    each eg eight either eleven else elsewhere empty enough etc even ever every everyone everything everywhere
    except few fifteen fifty fill find fire first five for former formerly forty found four from front full further
    get give go had has hasnt have he hence her here hereafter hereby herein hereupon hers herself him himself his
    how however hundred i ie if in inc indeed interest into is it its itself keep last latter latterly least less
    ltd made many may me meanwhile might mill mine more moreover most mostly move much must my myself name namely
    neither never nevertheless next nine no nobody none noone nor not nothing now nowhere of off often on once one
    only onto or other others otherwise our ours ourselves out over own part per perhaps please put rather re same
    see seem seemed seeming seems serious several she should show side since sincere six sixty so some somehow
    someone something sometime sometimes somewhere still such system take ten than that the their them themselves
    then thence there thereafter thereby therefore therein thereupon these they thick thin third this those though
    three through throughout thru thus to together too top toward towards twelve twenty two un under until up upon
    us very via was we well were what whatever when whence whenever where whereafter whereas whereby wherein
    whereupon wherever whether which while whither who whoever whole whom whose why will with within without would
    yet you your yours yourself yourselves
"""
ENGLISH = frozenset(_GLASGOW.split())


def stop_words(setting: str | Sequence[str], keep_negations: bool | str = True) -> frozenset[str]:
    """The words that ``text.stop_words`` and ``text.keep_negations`` ask to drop.

    Words are compared with tokens as they stand: with ``case = "keep"``, "The" is not "the".

    Parameters
    ----------
    setting : "none", a language or the words themselves
    keep_negations : leave out of the list what negates in its language, in any case and with either apostrophe; the
        language of words of one's own is English unless it is named here

    Raises
    ------
    UnknownName : if there is no list or no table of negations of that name
    MissingExtra : if the list is one of the package stop-words, which is not installed

    Examples
    --------
    >>> drop = stop_words("english")
    >>> [word for word in "this is not a good film".split() if word not in drop]
    ['not', 'good', 'film']
    >>> len(drop), len(stop_words("english", keep_negations=False))
    (303, 318)
    >>> sorted(stop_words(("the", "don", "film")))
    ['film', 'the']
    >>> sorted(stop_words(("der", "nicht", "kein"), keep_negations="german"))
    ['der']
    """
    words = _listed(setting)
    return words - _negations(words, setting, keep_negations)


def spared(setting: str | Sequence[str], keep_negations: bool | str = True) -> frozenset[str]:
    """The words of a list that `stop_words` leaves out as negations: what to tell a user who listed them.

    Raises
    ------
    UnknownName : if there is no list or no table of negations of that name
    MissingExtra : if the list is one of the package stop-words, which is not installed

    Examples
    --------
    >>> sorted(spared(("the", "don", "film")))
    ['don']
    """
    return _negations(_listed(setting), setting, keep_negations)


def _listed(setting: str | Sequence[str]) -> frozenset[str]:
    if not isinstance(setting, str):
        return frozenset(setting)
    if setting == "none":
        return frozenset()
    if setting == "english":
        return ENGLISH
    if setting not in get_args(Language):
        raise UnknownName("list of stop words", setting, ["none", *get_args(Language)])
    try:
        from stop_words import get_stop_words
    except ImportError as error:
        raise MissingExtra(f"The list of {setting} stop words", package="stop-words", extra="languages") from error
    return frozenset(get_stop_words(setting))


def _negations(words: frozenset[str], setting: str | Sequence[str], keep_negations: bool | str) -> frozenset[str]:
    if keep_negations is False or setting == "none":
        return frozenset()
    language = keep_negations if isinstance(keep_negations, str) else setting if isinstance(setting, str) else "english"
    table = {str(name): negations for name, negations in NEGATIONS.items()}.get(language)
    if table is None:
        raise UnknownName("table of negations", language, NEGATIONS)
    return frozenset(w for w in words if w.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'") in table)
