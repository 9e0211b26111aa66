"""Arrays in files: .npy as numpy writes it, read back only where it is what it should be."""

from __future__ import annotations

import math
import tokenize
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from textmill.errors import CorruptError

__all__ = ["read_array", "write_array"]


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array, row by row, without pickles. The same array gives the same bytes."""
    np.save(path, np.ascontiguousarray(array), allow_pickle=False)


def read_array(path: Path, dtype: DTypeLike, n_dimensions: int = 1) -> NDArray[Any]:
    """Read what `write_array` wrote.

    `np.load` would also open archives and pickles, and believe a header that asks for more memory than there is; here
    the header has to say what the caller expects, and the file has to be as long as the header says.

    Raises
    ------
    CorruptError : if the file is missing, or is anything else

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_array(Path(folder) / "idf.npy", np.array([1.0, 2.5]))
    ...     read_array(Path(folder) / "idf.npy", np.float64).tolist()
    [1.0, 2.5]
    """
    wanted = np.dtype(dtype)
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise CorruptError("its header is of another version", where=str(path), wanted="1.0", got=str(version))
            shape, by_column, found = np.lib.format.read_array_header_1_0(file)
            if found != wanted or by_column or len(shape) != n_dimensions or min(shape, default=0) < 0:
                raise CorruptError(
                    "it holds another kind of array",
                    where=str(path),
                    wanted=f"{wanted} in {n_dimensions} dimension{'s' * (n_dimensions > 1)}",
                    got=f"{found} {shape}",
                )
            n_items = math.prod(shape)
            n_bytes = path.stat().st_size - file.tell()
            if n_bytes != n_items * wanted.itemsize:
                raise CorruptError(
                    "it is not as long as it says",
                    where=str(path),
                    wanted=f"{n_items * wanted.itemsize:,} bytes",
                    got=f"{n_bytes:,}",
                )
            array: NDArray[Any] = np.fromfile(file, wanted, n_items).reshape(shape)
            return array
    except OSError as error:
        raise CorruptError(f"it cannot be read: {error.strerror or error}", where=str(path)) from error
    except (ValueError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError) as error:
        raise CorruptError("its header is none of an array", where=str(path)) from error
