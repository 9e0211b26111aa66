"""What is kept of a mistake of ours: a file for the report, a sentence for the user."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback

from textmill import __version__

__all__ = ["write_crash"]


def write_crash(error: BaseException) -> str:
    """Write the traceback to a new file; the sentence that says where.

    Examples
    --------
    >>> write_crash(ValueError("x")).startswith("The details are in ")
    True
    """
    told = "".join(traceback.format_exception(error))
    lines = [f"textmill {__version__}", f"Python {sys.version}", platform.platform(), " ".join(sys.argv), "", told]
    try:
        handle, path = tempfile.mkstemp(prefix="textmill-crash-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write("\n".join(lines))
    except OSError:
        return f"The details could not be written to a file:\n{told}"
    return f"The details are in {path}; please send them with a report."
