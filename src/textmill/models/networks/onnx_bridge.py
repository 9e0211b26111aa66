"""ONNX: a graph that is frozen with a model, and ONNX Runtime that computes it. The only file that needs either.

Nothing here loads torch; neither library is loaded before it is used.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textmill.errors import CorruptError

__all__ = ["FILE", "INPUTS", "OPSET", "Graph", "can_export", "can_run", "in_int8", "plain"]

FILE = "network.onnx"
OPSET = 20
INPUTS, _OUTPUT = ("ids", "mask"), "outputs"
_AXES = {"ids": ("texts", "longest"), "mask": ("texts", "longest"), _OUTPUT: ("texts",)}
_TYPES = ["tensor(int64)", "tensor(bool)"]


def can_run() -> bool:
    """Whether ONNX Runtime is installed."""
    return find_spec("onnxruntime") is not None


def can_export() -> bool:
    """Whether all is installed that a graph is made with."""
    return all(find_spec(name) is not None for name in ("onnx", "onnxscript", "onnxruntime"))


@dataclass(frozen=True)
class Graph:
    """A network as ONNX: inputs ``ids`` int64 and ``mask`` bool (texts, longest), ``outputs`` float32 (texts, n).

    Attributes
    ----------
    said : ``precision``, "fp32" or "int8", and how that was decided
    source : the bytes of the file, or where it lies
    """

    said: dict[str, Any]
    source: bytes | Path

    @property
    def is_exact(self) -> bool:
        """Whether it says what PyTorch does, to 1e-4; in int8 it is near, and what stands beside a text counts."""
        return bool(self.said["precision"] == "fp32")

    @property
    def data(self) -> bytes:
        """The bytes of the file."""
        return self.source.read_bytes() if isinstance(self.source, Path) else self.source

    @cached_property
    def session(self) -> Any:
        """What computes it, with one thread, so that several batches can be computed at once.

        Raises
        ------
        CorruptError : if it is no such graph
        """
        import onnxruntime

        where = str(self.source) if isinstance(self.source, Path) else FILE
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what goes wrong is raised
        given = str(self.source) if isinstance(self.source, Path) else self.source
        try:
            made = onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions have no common base
            said = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise CorruptError(f"the ONNX graph cannot be read: {said}", where=where) from error
        got = [(one.name, one.type) for one in made.get_inputs()]
        if got != list(zip(INPUTS, _TYPES, strict=True)) or [one.name for one in made.get_outputs()] != [_OUTPUT]:
            raise CorruptError("the ONNX graph is not that of a textmill network", where=where)
        return made

    def outputs(self, ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Outputs float32 (n_texts, n_outputs) of numbered tokens int64 (n_texts, longest)."""
        mask = np.arange(ids.shape[1]) < lengths[:, None]
        found: NDArray[np.float32] = self.session.run([_OUTPUT], {"ids": ids, "mask": mask})[0]
        return found


def plain(model: Any) -> bytes:
    """The bytes of a graph without what is no part of it: places in source files, notes, names of passing sizes.

    Parameters
    ----------
    model : an `onnx.ModelProto`, which is changed
    """
    import onnx

    graph = model.graph
    del model.metadata_props[:], graph.metadata_props[:], graph.value_info[:]
    for one in (*graph.node, *graph.initializer, *graph.input, *graph.output):
        one.doc_string = ""
        del one.metadata_props[:]
    for one in (*graph.input, *graph.output):
        for axis, name in enumerate(_AXES[one.name]):
            one.type.tensor_type.shape.dim[axis].dim_param = name
    model.producer_name, model.producer_version, model.doc_string = "textmill", "", ""
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def in_int8(data: bytes) -> bytes:
    """A graph whose matrices are int8; what they are multiplied with is made int8 as it comes, each time anew.

    Weights use seven of the eight bits: sums of products then fit the 16 bits that CPUs without special instructions
    add them in, so that all CPUs get the same ones.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    import onnx

    model = onnx.load_from_string(data)
    add_pre_process_metadata(model)  # else it advises to do what does nothing here
    handler = logging.NullHandler()  # it logs by the root logger, which would set that up where nobody has
    logging.getLogger().addHandler(handler)
    try:
        with TemporaryDirectory() as folder:
            path = Path(folder) / FILE
            quantize_dynamic(
                model,
                path,
                op_types_to_quantize=["MatMul", "Gather"],
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
            )
            return plain(onnx.load(path))
    finally:
        logging.getLogger().removeHandler(handler)
