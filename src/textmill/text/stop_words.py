"""Stop words: the words that a text path drops, and the negations among them that it keeps.

"Not good" without its "not" says the opposite, so a list of stop words does not take the negations out unless the
project file says ``keep_negations = false``. That holds for every list, also for one's own: the lists that are passed
around for English nearly all hold "not", "no" and what is left of "don't".
"""

from __future__ import annotations

from collections.abc import Sequence

from textmill.errors import UnknownName

__all__ = ["ENGLISH", "NEGATIONS", "spared", "stop_words"]

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

# Words that negate, and near-negatives: "hardly good" is closer to "not good" than to "good".
_WORDS = """
    barely cannot hardly neither never no nobody none noone nope nor not nothing nowhere rarely scarcely seldom without
"""
# "didn't" reaches us in four ways: whole (didn't), without its mark (didnt), cut by the words pattern (didn; the t is
# too short for a word) or cut as a treebank does (did + n't). "can" is no negation, so the words pattern loses "can't";
# t stands here for tokens of one letter.
_VERBS = """
    ain aren couldn daren didn doesn don hadn hasn haven isn mayn mightn mustn needn oughtn shan shouldn wasn weren won
    wouldn
"""
NEGATIONS = frozenset(
    [
        *_WORDS.split(),
        *("n't", "nt", "t", "can't", "cant"),
        *(verb + ending for verb in _VERBS.split() for ending in ("", "t", "'t")),
    ]
)


def stop_words(setting: str | Sequence[str], keep_negations: bool = True) -> frozenset[str]:
    """The words that ``text.stop_words`` and ``text.keep_negations`` ask to drop.

    Words are compared with tokens as they stand: with ``case = "keep"``, "The" is not "the".

    Parameters
    ----------
    setting : "none", "english" or the words themselves
    keep_negations : leave out of the list what `NEGATIONS` holds, in any case and with either apostrophe

    Raises
    ------
    UnknownName : if `setting` names no list

    Examples
    --------
    >>> drop = stop_words("english")
    >>> [word for word in "this is not a good film".split() if word not in drop]
    ['not', 'good', 'film']
    >>> len(drop), len(stop_words("english", keep_negations=False))
    (303, 318)
    >>> sorted(stop_words(("the", "don", "film")))
    ['film', 'the']
    """
    words = _listed(setting)
    return words - _negations(words) if keep_negations else words


def spared(setting: str | Sequence[str], keep_negations: bool = True) -> frozenset[str]:
    """The words of a list that `stop_words` leaves out as negations: what to tell a user who listed them.

    Raises
    ------
    UnknownName : if `setting` names no list

    Examples
    --------
    >>> sorted(spared(("the", "don", "film")))
    ['don']
    """
    return _negations(_listed(setting)) if keep_negations else frozenset()


def _listed(setting: str | Sequence[str]) -> frozenset[str]:
    if not isinstance(setting, str):
        return frozenset(setting)
    lists = {"none": frozenset[str](), "english": ENGLISH}
    if setting not in lists:
        raise UnknownName("list of stop words", setting, lists)
    return lists[setting]


def _negations(words: frozenset[str]) -> frozenset[str]:
    return frozenset(w for w in words if w.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'") in NEGATIONS)
