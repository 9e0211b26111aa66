"""The tables about what learns: ``[model]``, and ``[train]``, how networks are trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

__all__ = ["WEIGHING", "Kind", "ModelConfig", "TrainConfig", "model_keys"]

Kind = Literal["logistic-regression", "majority", "bag", "cnn", "lstm", "gru", "encoder", "pretrained", "sentence"]

_LOGISTIC = ("C", "class_weight", "max_iter", "tol")
_BAG = ("class_weight", "width")
_NETWORK = ("class_weight", "dropout", "max_tokens", "longer", "onnx")
_WORDS = (*_NETWORK, "width", "vocabulary", "vectors", "freeze_vectors")
model_keys: Mapping[str, tuple[str, ...]] = {  # those that count for each kind
    "logistic-regression": _LOGISTIC,
    "majority": _LOGISTIC,  # so that turning a model into its baseline is a change of one line
    "bag": _BAG,
    "cnn": _WORDS,
    "lstm": (*_WORDS, "layers", "pooling"),
    "gru": (*_WORDS, "layers", "pooling"),
    "encoder": (*_NETWORK, "width", "vocabulary", "layers", "heads", "pooling", "positions"),
    "pretrained": (*_NETWORK, "weights", "pooling", "learns", "layer_decay"),
    "sentence": (*_LOGISTIC, "weights", "pooling", "max_tokens", "longer", "learns", "onnx"),
}


WEIGHING = ("logistic-regression", "bag")  # the kinds that weigh ``[features]``
_ENCODERS = ("bert", "roberta", "distilbert", "deberta", "minilm", "transformer", "transformers")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """``[model]``: what learns. Where a network's key is "auto", its kind decides."""

    kind: Kind = "logistic-regression"
    C: float | Literal["cv"] = 5.0  # inverse strength of the L2 penalty, as in scikit-learn
    class_weight: Literal["none", "balanced"] = "none"
    max_iter: int = 1000
    tol: float = 1e-4
    width: int | Literal["auto"] = "auto"  # of a word's vector, and of what is made of it in each direction
    layers: int | Literal["auto"] = "auto"
    heads: int | Literal["auto"] = "auto"  # of attention
    dropout: float | Literal["auto"] = "auto"
    vocabulary: int = 50_000  # words at most, the most frequent ones; an encoder's subwords
    vectors: str | None = None  # a file of word vectors to begin with: word2vec's or GloVe's, text or binary
    freeze_vectors: bool = False  # whether they stay as they are
    pooling: Literal["auto", "mean", "max", "attention", "first"] = "auto"  # how many vectors become one
    positions: Literal["rotary", "learned"] = "rotary"  # how an encoder knows which word comes first
    max_tokens: int | Literal["auto"] = "auto"  # of a text that are read at once
    longer: Literal["cut", "windows"] = "cut"  # of longer texts the beginning, or all, outputs averaged
    weights: str | None = None  # what was pretrained: a folder, an installed package, a name on the hub
    learns: Literal["auto", "all", "head", "lora"] = "auto"  # which part of what was pretrained; of sentences the head
    layer_decay: float = 1.0  # learning rate of each layer as a share of that of the one above it
    onnx: Literal["auto", "fp32", "int8", "no"] = "auto"  # the graph it is served by; auto: fp32 if it can be made

    @staticmethod
    def _meant() -> Mapping[str, Mapping[str, str]]:
        pretrained = "did you mean 'pretrained', with weights = a folder or OWNER/NAME?"
        linear = dict.fromkeys(("linear", "logistic", "logreg"), "did you mean 'logistic-regression'?")
        return {"kind": {**dict.fromkeys(_ENCODERS, pretrained), **linear, "fasttext": "did you mean 'bag'?"}}

    @property
    def is_network(self) -> bool:
        """Whether it is trained in PyTorch."""
        return "max_tokens" in model_keys[self.kind]

    @property
    def is_linear(self) -> bool:
        """Whether it weighs ``[features]``."""
        return self.kind in WEIGHING

    @property
    def said(self) -> dict[str, Any]:
        """The keys that count for its kind, with their values.

        Examples
        --------
        >>> ModelConfig().said
        {'kind': 'logistic-regression', 'C': 5.0, 'class_weight': 'none', 'max_iter': 1000, 'tol': 0.0001}
        """
        return {key: value for key, value in asdict(self).items() if key == "kind" or key in model_keys[self.kind]}

    @property
    def pair_faults(self) -> list[str]:
        """What of it does not go with pairs of texts, a line each."""
        found = []
        if self.longer == "windows":
            found.append("longer: a pair is read at once; wanted 'cut', got 'windows'")
        if self.kind == "sentence" and self.learns not in ("auto", "head"):
            found.append(
                f"learns: of pairs of texts the head alone is learned; wanted 'head' or kind = 'pretrained', got"
                f" {self.learns!r}"
            )
        if self.kind == "sentence" and self.onnx in ("fp32", "int8"):
            found.append(
                f"onnx: no graph can be made of how sentence vectors of pairs are compared; wanted 'auto' or 'no', got"
                f" {self.onnx!r}"
            )
        return found

    def _faults(self) -> list[str]:
        found = []
        if isinstance(self.C, float) and not 0 < self.C < float("inf"):
            found.append(f"C: wanted a number above 0, or 'cv', got {self.C}")
        if self.max_iter < 1:
            found.append(f"max_iter: wanted 1 or more, got {self.max_iter}")
        if not 0 < self.tol < 1:
            found.append(f"tol: wanted a number between 0 and 1, got {self.tol}")
        for key in ("width", "layers", "heads", "vocabulary", "max_tokens"):
            value = getattr(self, key)
            if value != "auto" and value < 1:
                found.append(f"{key}: wanted 1 or more, got {value}")
        if self.dropout != "auto" and not 0 <= self.dropout < 1:
            found.append(f"dropout: wanted a share from 0 to below 1, got {self.dropout}")
        if not 0 < self.layer_decay <= 1:
            found.append(f"layer_decay: wanted a share above 0, at most 1, got {self.layer_decay}")
        if self.kind in ("pretrained", "sentence") and self.weights is None:
            found.append(
                f"weights: is missing; kind = {self.kind!r} wants a folder, an installed"
                " package that ships weights, or a name on the hub"
            )
        if self.freeze_vectors and self.vectors is None:
            found.append("freeze_vectors: there are no vectors to freeze; wanted vectors, a file")
        if self.onnx == "int8" and self.kind in model_keys and "weights" not in model_keys[self.kind]:
            found.append(
                f"onnx: int8 makes what was pretrained faster, and no network of kind = {self.kind!r}; wanted 'fp32'"
            )
        for spec in fields(self):
            if (
                spec.name != "kind"
                and spec.name not in model_keys[self.kind]
                and getattr(self, spec.name) != spec.default
            ):
                # the majority takes them and makes nothing of them
                kinds = [kind for kind, keys in model_keys.items() if spec.name in keys and kind != "majority"]
                found.append(f"{spec.name}: is for kind = {' or '.join(map(repr, kinds))}, got kind = {self.kind!r}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """``[train]``: how networks are trained. Where a key is "auto", the kind of the model decides."""

    epochs: int | Literal["auto"] = "auto"  # at most; times that each text is learned from
    learning_rate: float | Literal["auto"] = "auto"  # the highest
    batch_tokens: int | Literal["auto"] = "auto"  # in a batch, what fills up shorter texts included
    accumulate: int = 1  # batches a step
    warmup: float = 0.1  # share of the steps over which the rate rises
    decay: Literal["cosine", "linear", "none"] = "cosine"  # how it falls afterwards
    weight_decay: float = 0.01  # of matrices; biases, norms and vectors of words have none
    clip: float = 1.0  # longest gradient
    label_smoothing: float = 0.0
    validation: float = 0.1  # share of the training side that says when to stop, and is not learned from
    patience: int | Literal["auto"] = "auto"  # epochs in which it may get no better; 0: no early stop
    precision: Literal["auto", "fp32", "bf16"] = "auto"  # auto: bf16 where the hardware gains by it
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compile: bool = False  # torch.compile
    threads: int = 2  # of torch on a CPU; sums of floats depend on it, so it is a setting and not the machine's number
    processes: int = 1  # that share the batches of a step, each with so many threads, or with a GPU; part of the result
    log: tuple[Literal["tensorboard", "mlflow"], ...] = ()  # beside training.jsonl

    def said(self, kind: Kind) -> dict[str, Any]:
        """The keys that count for a kind of model, with their values; who watches decides nothing.

        Examples
        --------
        >>> TrainConfig(epochs=3).said("bag")
        {'epochs': 3, 'learning_rate': 'auto', 'label_smoothing': 0.0}
        """
        return {name: getattr(self, name) for name in self.keys(kind) if name != "log"}

    @classmethod
    def keys(cls, kind: Kind) -> tuple[str, ...]:
        """The keys that count for a kind of model.

        Examples
        --------
        >>> TrainConfig.keys("bag"), TrainConfig.keys("majority")
        (('epochs', 'learning_rate', 'label_smoothing'), ())
        """
        if kind in ("logistic-regression", "majority"):
            return ()
        return ("epochs", "learning_rate", "label_smoothing") if kind == "bag" else tuple(f.name for f in fields(cls))

    @staticmethod
    def _meant() -> Mapping[str, Mapping[str, str]]:
        nobody = "which nothing here writes to; training.jsonl has the same lines for every other program"
        return {"device": {"gpu": "did you mean 'cuda'?"}, "log": dict.fromkeys(("wandb", "comet", "neptune"), nobody)}

    def _faults(self) -> list[str]:
        found = []
        for key in ("epochs", "batch_tokens", "accumulate", "threads", "processes"):
            value = getattr(self, key)
            if value != "auto" and value < 1:
                found.append(f"{key}: wanted 1 or more, got {value}")
        if self.learning_rate != "auto" and not 0 < self.learning_rate < float("inf"):
            found.append(f"learning_rate: wanted a number above 0, got {self.learning_rate}")
        if not self.clip > 0:
            found.append(f"clip: wanted a number above 0, got {self.clip}")
        for key, most in (("warmup", 1.0), ("label_smoothing", 0.5), ("validation", 0.5), ("weight_decay", 10.0)):
            if not 0 <= getattr(self, key) <= most:
                found.append(f"{key}: wanted a number from 0 to {most:g}, got {getattr(self, key)}")
        if self.patience != "auto" and self.patience < 0:
            found.append(f"patience: wanted 0 or more, got {self.patience}")
        if self.patience not in ("auto", 0) and not self.validation:
            found.append(
                "validation: without it nothing says when to stop; wanted a share above 0, or patience = 0 beside it,"
                " with which all epochs are gone through"
            )
        return found
