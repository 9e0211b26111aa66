"""Public data sets: what they are, whose they are, where they come from, and the digest of each file.

The files are as a local mirror holds them (a folder named by ``TEXTMILL_DATA``). Where the public origin serves the
very same bytes its address stands here too; where it serves another form of the data, only its page does.
"""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from textmill.errors import SourceError, StoreWriteError, UnknownName

__all__ = ["CATALOGUE", "DataFile", "DataSet", "get"]

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a data set.

    Attributes
    ----------
    path : below the mirror's root, with ``/``
    url : where the same bytes can be had from the origin, if that is known
    """

    path: str
    bytes: int
    sha256: str
    url: str | None = None

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class DataSet:
    """A public data set.

    Attributes
    ----------
    what : one line for a list
    page : where it comes from, for people
    note : how these files differ from the origin's, and what to mind
    read : settings for ``[read]`` that fit its files
    """

    name: str
    what: str
    page: str
    licence: str
    note: str
    read: Mapping[str, Any]
    files: tuple[DataFile, ...]


CATALOGUE: dict[str, DataSet] = {
    "disaster-tweets": DataSet(
        name="disaster-tweets",
        what="tweets, 1 when they report a real disaster and 0 when not",
        page="https://www.kaggle.com/c/nlp-getting-started",
        licence="unknown; Kaggle competition data, the tweets belong to their authors: research and teaching only",
        note="Four fifths of the competition's train.csv, drawn at random.",
        read={"text": "text", "label": "target", "id": "id"},
        files=(
            DataFile(
                "disaster_tweets/train.csv",
                bytes=789_622,
                sha256="d7611078f7be78f33bb834262cc459a2daf79e121444344093404f28d866b4d5",
            ),
        ),
    ),
    "imdb": DataSet(
        name="imdb",
        what="film reviews, 1 when the reviewer liked the film and 0 when not, in the official split",
        page="https://ai.stanford.edu/~amaas/data/sentiment/",
        licence="research use, cite Maas et al. 2011; the reviews belong to their authors",
        note="The 50,000 labelled files of aclImdb_v1.tar.gz, one JSON object a line.",
        read={"text": "text", "label": "label", "id": "id"},
        files=(
            DataFile(
                "imdb/train.jsonl.gz",
                bytes=13_099_590,
                sha256="98aafd95370019af6aaad36328210feb0b1a1cfc3f1bae1611eb3a9471cdb7a7",
            ),
            DataFile(
                "imdb/test.jsonl.gz",
                bytes=12_785_802,
                sha256="903cd7aeb3759a39736fdb1b883fbf44f3f68acef2f67686023521a0567d8a97",
            ),
        ),
    ),
    "sms-spam": DataSet(
        name="sms-spam",
        what="text messages, spam or ham",
        page="https://archive.ics.uci.edu/dataset/228/sms+spam+collection",
        licence="CC BY 4.0",
        note="The collection as CSV, in UTF-8.",
        read={"text": "text", "label": "label"},
        files=(
            DataFile(
                "sms_spam/spam.csv",
                bytes=482_606,
                sha256="05aa9858d63e47190c2b0c24a16cc1d9c7fda35e35f85262d0016f6037c7b7df",
            ),
        ),
    ),
    "sst2": DataSet(
        name="sst2",
        what="sentences from film reviews, 1 positive and 0 negative, in the official split",
        page="https://github.com/clairett/pytorch-sentiment-classification",
        licence="unknown; research use, cite Socher et al. 2013",
        note="Whole sentences only, lower case, tokens apart.",
        read={"text": "text", "label": "label", "columns": ("text", "label")},
        files=(
            DataFile(
                "sst2/train.tsv",
                bytes=720_259,
                sha256="ec192f833a64da08f475488a77b0d0b47db47acd0f458bd18433fc793b569920",
                url="https://raw.githubusercontent.com/clairett/pytorch-sentiment-classification/master/data/SST2/train.tsv",
            ),
            DataFile(
                "sst2/dev.tsv",
                bytes=92_057,
                sha256="eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340ca5d9359",
                url="https://raw.githubusercontent.com/clairett/pytorch-sentiment-classification/master/data/SST2/dev.tsv",
            ),
            DataFile(
                "sst2/test.tsv",
                bytes=188_749,
                sha256="831169c7e2e429d6026e1bdbb542f33b636e3e596caad9602ebc953c205928b7",
                url="https://raw.githubusercontent.com/clairett/pytorch-sentiment-classification/master/data/SST2/test.tsv",
            ),
        ),
    ),
    "ag-news": DataSet(
        name="ag-news",
        what="titles and descriptions of news in four topics",
        page="https://github.com/mhjabreel/CharCnn_Keras",
        licence="research and non-commercial use",
        note="6,000 rows of the official test file, dealt out anew: scores do not compare with published ones.",
        read={"text": "description", "label": "class", "columns": ("class", "title", "description")},
        files=(
            DataFile(
                "ag_news/train.csv",
                bytes=1_175_977,
                sha256="0cb2379f104b994e9b79c954cdfa623177d0a86d0cf286c1712dd8738b74b621",
            ),
            DataFile(
                "ag_news/test.csv",
                bytes=293_005,
                sha256="119c7775ef1019cc2a37a42807c441e6e32313f470bb2420f990c0e8aa7a92d6",
            ),
        ),
    ),
    "quora-questions": DataSet(
        name="quora-questions",
        what="questions, 1 when they are insincere (6 %) and 0 when not; some are offensive",
        page="https://www.kaggle.com/c/quora-insincere-questions-classification",
        licence="unknown; Kaggle competition data: research and teaching only",
        note="A sample of 20,000 rows of the competition's train.csv.",
        read={"text": "text", "label": "label"},
        files=(
            DataFile(
                "quora_questions/quora.csv",
                bytes=1_478_425,
                sha256="b437d3846e31078374ad8ecbfef3a1c69771f749e7b45ed44ff48a76e4de9844",
            ),
        ),
    ),
    "sarcasm-headlines": DataSet(
        name="sarcasm-headlines",
        what="headlines, 1 from The Onion and 0 from HuffPost; the second version, less its last tenth",
        page="https://www.kaggle.com/datasets/rmisra/news-headlines-dataset-for-sarcasm-detection",
        licence="unknown; the author asks to be cited (Misra and Arora 2023)",
        note="Nine tenths of Sarcasm_Headlines_Dataset_v2.json, gzipped; article_link gives the label away.",
        read={"text": "headline", "label": "is_sarcastic"},
        files=(
            DataFile(
                "sarcasm_headlines/Sarcasm_Headlines_Dataset_v2.json.gz",
                bytes=1_580_963,
                sha256="f0f74c922f40702cc1b567ef7479aa2bd8e9968dfe12cbcca17587b29a1bbe62",
            ),
        ),
    ),
    "newsgroups20": DataSet(
        name="newsgroups20",
        what="messages to 20 news groups, whole, in the split by date",
        page="http://qwone.com/~jason/20Newsgroups/",
        licence="unknown; public Usenet messages",
        note="20news-bydate, one JSON object a line; headers give the group away.",
        read={"text": "text", "label": "label", "id": "id"},
        files=(
            DataFile(
                "newsgroups20/train.jsonl.gz",
                bytes=8_345_772,
                sha256="29aacd6bf474f850d81dafefa11a1a8dcf7fc2a7946e357d70342b854c7ca037",
            ),
            DataFile(
                "newsgroups20/test.jsonl.gz",
                bytes=5_324_610,
                sha256="b083b0ec1d9b9927f77280f83445f65fed3743db9744581236cb38240e533e9d",
            ),
        ),
    ),
}


def get(
    name: str,
    dest: Path,
    mirror: Path | None = None,
    *,
    fetch: Callable[[str], BinaryIO] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Put the files of a data set into a folder, each verified before it takes its name.

    Parameters
    ----------
    mirror : folder to take them from; by default the one that ``TEXTMILL_DATA`` names, and without it the origin
    fetch : opens an address, by default over the network
    progress : told the bytes so far and all bytes

    Returns
    -------
    the files; those that were there and right already are left alone

    Raises
    ------
    UnknownName : if the catalogue has no such set
    SourceError : if the bytes cannot be had or are not those that are known
    StoreWriteError : if the folder cannot be written
    """
    if name not in CATALOGUE:
        raise UnknownName("data set", name, CATALOGUE)
    chosen = CATALOGUE[name]
    if mirror is None and os.environ.get("TEXTMILL_DATA"):
        mirror = Path(os.environ["TEXTMILL_DATA"])
    total, done, made = sum(file.bytes for file in chosen.files), 0, []
    for file in chosen.files:
        target = dest / file.name
        if not (target.is_file() and _digest(target) == file.sha256):
            _put(_opened(chosen, file, mirror, fetch or _fetch), file, target)
        done += file.bytes
        if progress is not None:
            progress(done, total)
        made.append(target)
    return made


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _opened(chosen: DataSet, file: DataFile, mirror: Path | None, fetch: Callable[[str], BinaryIO]) -> BinaryIO:
    if mirror is not None:
        path = mirror / file.path
        try:
            return path.open("rb")
        except OSError as error:
            raise SourceError(
                "the mirror does not have this file",
                where=str(path),
                hint="TEXTMILL_DATA names the mirror; unset it to ask the origin.",
            ) from error
    if file.url is None:
        raise SourceError(
            f"{file.name} cannot be fetched: the origin serves it in another form only",
            where=chosen.name,
            hint=f"Get it from {chosen.page} and read it with textmill new, or set TEXTMILL_DATA to a mirror.",
        )
    try:
        return fetch(file.url)
    except urllib.error.HTTPError as error:
        raise SourceError(f"the server answered {error.code}", where=file.url, hint=f"See {chosen.page}.") from error
    except (OSError, ValueError) as error:
        raise SourceError(
            "the origin cannot be reached",
            where=file.url,
            hint="Is there a network? TEXTMILL_DATA can name a folder that has the file.",
        ) from error


def _fetch(url: str) -> BinaryIO:
    opened: BinaryIO = urllib.request.urlopen(url, timeout=30)
    return opened


def _put(source: BinaryIO, file: DataFile, target: Path) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    seen = hashlib.sha256()
    try:
        with source:
            target.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as out:
                for block in _blocks(source, file):
                    seen.update(block)
                    out.write(block)
        if seen.hexdigest() != file.sha256:
            raise SourceError(
                "this is not the file the catalogue knows",
                where=file.url or file.path,
                wanted=f"sha256 {file.sha256[:12]}...",
                got=f"{seen.hexdigest()[:12]}...",
                hint="It was cut short or changed; nothing was written.",
            )
        temporary.replace(target)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise StoreWriteError(f"cannot be written: {why.lower()}", where=str(target)) from error
    finally:
        temporary.unlink(missing_ok=True)


def _blocks(source: BinaryIO, file: DataFile) -> Iterator[bytes]:
    taken = 0
    while True:
        try:
            block = source.read(_BLOCK)
        except OSError as error:
            raise SourceError("the connection broke off", where=file.url or file.path) from error
        taken += len(block)
        if not block or taken > file.bytes:  # longer than it should be: the digest will say so
            yield block
            return
        yield block
