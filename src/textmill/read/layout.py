"""How Arrow lays texts out: all bytes side by side, and where each text begins. What the native core is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["string_layout"]


def string_layout(column: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The buffers of an array of string or large_string; those of large_string are not copied.

    A missing value is as long as it is laid out, as a rule empty.

    Returns
    -------
    bytes : uint8 (n_bytes,)
    offsets : int64 (n + 1,), text i is ``bytes[offsets[i]:offsets[i + 1]]``

    Examples
    --------
    >>> import pyarrow as pa
    >>> data, offsets = string_layout(pa.array(["fire", "", "sun"], pa.large_string())[1:])
    >>> bytes(data[offsets[0]:offsets[-1]]), offsets.tolist()
    (b'sun', [4, 4, 7])
    """
    import pyarrow as pa

    _, offset_buffer, byte_buffer = column.buffers()
    if len(column) == 0 or offset_buffer is None:
        return np.zeros(0, np.uint8), np.zeros(1, np.int64)
    width: type[np.signedinteger[Any]] = np.int64 if pa.types.is_large_string(column.type) else np.int32
    offsets = np.frombuffer(offset_buffer, width)[column.offset : column.offset + len(column) + 1]
    data = np.frombuffer(byte_buffer, np.uint8) if byte_buffer is not None else np.zeros(0, np.uint8)
    return data, offsets.astype(np.int64, copy=False)
