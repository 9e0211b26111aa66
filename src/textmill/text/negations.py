"""Words that negate, a table a language: what a list of stop words does not take out unless asked.

They are facts of the languages: particles, negative verbs, negative pronouns and adverbs with all their forms, and
near-negatives (hardly, seldom, without). What counts is what Universal Dependencies would mark Polarity=Neg or
PronType=Neg (https://universaldependencies.org/u/feat/Polarity.html and PronType.html); M. Haspelmath, Indefinite
Pronouns, 1997, has the series of negative pronouns of forty languages. Each form was looked up in simplemma's tables,
and each stop list searched for more forms of the same words. Words that negate only together with another and say
something else alone (French *plus*, German *noch*) are not in.
"""

from __future__ import annotations

from textmill.config import Language

__all__ = ["NEGATIONS"]

_ENGLISH = """
    barely cannot hardly neither never no nobody none noone nope nor not nothing nowhere rarely scarcely seldom without
    n't nt t can't cant
"""
# "didn't" reaches us in four ways: whole (didn't), without its mark (didnt), cut by the words pattern (didn; the t is
# too short for a word) or cut as a treebank does (did + n't). "can" is no negation, so the words pattern loses "can't";
# t stands here for tokens of one letter.
_ENGLISH_VERBS = """
    ain aren couldn daren didn doesn don hadn hasn haven isn mayn mightn mustn needn oughtn shan shouldn wasn weren won
    wouldn
"""

_WORDS: dict[Language, str] = {
    "catalan": "cap enlloc gens mai mica ni ningú no pas res sense tampoc",
    # verbs negate by a prefix; these are the forms of be, have and what the stop list has
    "czech": """
        ani aniž bez beze ne není neni nebyl nebyla nebyli nebylo nebyly nebude nebudeme nebudete nebudeš nebudou nebudu
        nejsem nejsi nejsme nejsou nejste nedělají nedělá nedělám neděláme neděláte neděláš nemají nemá nemám nemáme
        nemáte nemáš neměl neměla neměli nestačí nevadí nic ničeho ničem ničemu ničím nijak nikam nikde nikdo nikdy
        nikoho nikoli nikoliv nikom nikomu nikým sotva zřídka žádná žádné žádného žádném žádnému žádní žádnou žádný
        žádných žádným žádnými
    """,
    "danish": "aldrig ej hverken ikke ingen ingensteds ingenting intet næppe nej sjældent uden",
    "dutch": "geen geenszins nauwelijks nee neen nergens niemand niet niets niks nimmer noch nooit zelden zonder",
    "english": _ENGLISH,
    # the verb that negates, alone and grown together with -kä and jos; what stands beside it
    "finnish": """
        ei eivät en emme et ette eikä eivätkä enkä emmekä etkä ettekä ellei elleivät ellemme ellen ellet ellette äl
        älkää älkäämme älköön älkööt älä harvoin ilman kenenkään keneenkään keneltäkään kenellekään ketään koskaan
        kukaan missään mikään mitään tuskin
    """,
    # n for texts whose apostrophes are cut at
    "french": """
        aucun aucune aucunement aucunes aucuns guère jamais n n' ne ni non nul nulle nullement nulles nuls pas personne
        point rarement rien sans
    """,
    "german": """
        kaum kein keine keinem keinen keiner keinerlei keines keinesfalls keineswegs keins nein nicht nichts nie niemals
        niemand niemandem niemanden niemandes nimmer nirgends nirgendwo nirgendwohin ohne selten weder
    """,
    "indonesian": """
        belum belumlah bukan bukankah bukanlah bukannya enggak enggaknya gak jangan jangankan janganlah jarang nggak tak
        tanpa tiada tidak tidakkah tidaklah
    """,
    "italian": """
        mai mica neanche nemmeno neppure nessun nessun' nessuna nessuno niente no non nulla né raramente senza
    """,
    # both ways of writing Norwegian
    "norwegian": """
        aldri ei hverken ikke ikkje ingen ingenting inga ingi inkje intet knapt nei neppe sjelden sjeldan uten utan
        verken
    """,
    "polish": """
        ani bez bynajmniej ledwie ledwo nic niczego niczemu niczym nie nigdy nigdzie nikim nikogo nikomu nikt rzadko
        żaden żadna żadne żadnego żadnej żadnemu żadną żadnych żadnym żadnymi
    """,
    "portuguese": """
        jamais nada nao nem nenhum nenhuma nenhumas nenhuns ninguém nunca não raramente sem tampouco
    """,
    "russian": """
        без едва не нет нету ни никак никакая никакие никаким никакими никаких никакого никакое никакой никаком никакому
        никакую никем никогда никого никому никто никуда нигде ниоткуда ничего ничем ничему ничто ничуть нельзя отнюдь
        редко
    """,
    "spanish": """
        apenas jamás nada nadie ni ningun ninguna ningunas ninguno ningunos ningún no nunca sin tampoco
    """,
    "swedish": """
        aldrig ej icke inga ingen ingenstans ingenting inget inte knappast knappt nej sällan utan varken
    """,
    "ukrainian": """
        ані без ледве не нема немає ні ніде ніким ніколи нікого нікому нікуди ніхто нічим нічого нічому ніщо навряд
        жоден жодна жодне жодний жодним жодних жодні жодного жодної жодному жодну рідко
    """,
}

NEGATIONS: dict[Language, frozenset[str]] = {language: frozenset(words.split()) for language, words in _WORDS.items()}
NEGATIONS["english"] |= {verb + ending for verb in _ENGLISH_VERBS.split() for ending in ("", "t", "'t")}
