"""Pretrained encoders as `transformers` computes them, with a head of our own. Imports torch and transformers."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel
from transformers.utils import logging

from textmill.errors import ConfigError, CorruptError, MissingExtra
from textmill.models.networks.modules import Attention, Network, pooled
from textmill.models.networks.optimizer import Rates
from textmill.models.networks.shape import Shape
from textmill.models.networks.weights import Weights

__all__ = ["Pretrained", "layered"]

_LAYER = re.compile(r"\.layers?\.(\d+)\.")
_LORA_RANK = 16


class Pretrained(Network):
    """An encoder that `transformers` knows, pooled, and a linear head.

    Parameters
    ----------
    encoder : gives `last_hidden_state`
    unit : whether the pooled vector is made as long as 1, as sentence vectors are; then two texts of a pair are read
        apart, and the head gets how their vectors differ, their product place by place (as SentEval does, 2018), and
        their cosine; with the vectors themselves it learned less
    paired : whether each text is two; then the numbers of the second one's tokens are higher by `n_terms`, so that it
        is known whose they are

    Attributes
    ----------
    n_terms : vectors of terms that it has
    """

    def __init__(
        self, encoder: nn.Module, n_outputs: int, shape: Shape, *, unit: bool = False, paired: bool = False
    ) -> None:
        super().__init__()
        if getattr(encoder, "pooler", None) is not None:
            encoder.pooler = None  # type: ignore[assignment]  # nothing here asks it
        self.encoder = encoder
        width: int = encoder.config.hidden_size  # type: ignore[union-attr, assignment]
        self.unit, self.pooling = unit, shape.pooling
        self.attention = Attention(width) if shape.pooling == "attention" else None
        self.dropout = nn.Dropout(shape.dropout)
        self.paired = paired
        self.n_terms: int = encoder.get_input_embeddings().num_embeddings  # type: ignore[operator]
        self.typed = paired and getattr(encoder.config, "type_vocab_size", 0) > 1  # whether the encoder asks whose
        self.head = nn.Linear(2 * width + 1 if paired and unit else width, n_outputs)
        self.frozen = False

    @classmethod
    def of_weights(
        cls, weights: Weights, n_outputs: int, shape: Shape, *, unit: bool = False, paired: bool = False
    ) -> Pretrained:
        """With the weights that were pretrained.

        Raises
        ------
        CorruptError : if they cannot be read, or are not those of the architecture that ``config.json`` names
        """
        config = weights.config
        try:
            with _quiet():
                encoder, told = AutoModel.from_pretrained(
                    weights.folder,
                    local_files_only=True,
                    use_safetensors=True,
                    trust_remote_code=False,
                    output_loading_info=True,
                    dtype=torch.float32,
                )
        except Exception as error:  # what transformers raises is of many kinds
            said = (str(error).strip().splitlines() or [type(error).__name__])[0]
            if not _can_be_built(weights):
                where = str(weights.folder / "config.json")
                raise CorruptError(f"no architecture can be built as it says: {said}", where=where) from error
            raise CorruptError(f"the weights cannot be read: {said}", where=str(weights.folder)) from error
        missing = [name for name in told["missing_keys"] if not name.startswith("pooler.")]
        if missing:
            few = ", ".join(sorted(missing)[:3])
            raise CorruptError(
                f"the weights are not those of a {config['model_type']} model",
                where=str(weights.folder),
                wanted=f"among others {few}",
            )
        return cls(encoder, n_outputs, shape, unit=unit, paired=paired)

    @classmethod
    def of_config(
        cls, said: dict[str, Any], n_outputs: int, shape: Shape, *, unit: bool = False, paired: bool = False
    ) -> Pretrained:
        """The same architecture with weights that are still to be loaded; no code is run from `said`.

        Raises
        ------
        ValueError : if it is none
        """
        try:
            config = AutoConfig.for_model(**said)
            encoder = AutoModel.from_config(config, trust_remote_code=False)  # type: ignore[no-untyped-call]
        except Exception as error:  # what transformers raises is of many kinds
            told = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ValueError(f"no architecture can be built: {told}") from error
        return cls(encoder, n_outputs, shape, unit=unit, paired=paired)

    @property
    def max_tokens(self) -> int | None:
        """Tokens that it has places for; None where there is no end to them."""
        most = getattr(self.encoder.config, "max_position_embeddings", None)
        table: Any = getattr(getattr(self.encoder, "embeddings", None), "position_embeddings", None)
        if most is not None and getattr(table, "padding_idx", None) is not None:
            most -= table.padding_idx + 1  # RoBERTa counts from there
        return most if most is None or most > 0 else None

    def embed(self, ids: Tensor) -> Tensor:
        """See `Network.embed`."""
        ids = ids % self.n_terms if self.paired else ids
        found: Tensor = self.encoder.get_input_embeddings()(ids)  # type: ignore[operator]
        return found

    def whose(self, ids: Tensor, mask: Tensor) -> Tensor:
        """See `Network.whose`."""
        return mask.long() + (mask & (ids >= self.n_terms)).long() if self.paired else mask

    def score(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """See `Network.score`."""
        found = self._compared(vectors, mask) if self.paired and self.unit else self.sentence(vectors, mask)
        outputs: Tensor = self.head(self.dropout(found))
        return outputs

    def _compared(self, vectors: Tensor, whose: Tensor) -> Tensor:
        """What is made of the vectors of both texts of pairs: float32 (n_pairs, 2 * width + 1)."""
        if torch.compiler.is_compiling():  # side by side both might be longer than there are places for
            raise NotImplementedError("how long the texts of pairs are, each on its own, is no size that a graph has")
        first, second = (whose == 1).sum(1), (whose == 2).sum(1)
        longest = int(torch.maximum(first, second).max())
        places = torch.arange(longest, device=whose.device)
        # the second text is read from the first place on, as if it were alone
        at = (first[:, None] + places).clamp(max=whose.shape[1] - 1)
        behind = vectors.gather(1, at[..., None].expand(-1, -1, vectors.shape[2]))
        masks = torch.cat([places < first[:, None], places < second[:, None]])
        u, v = self.sentence(torch.cat([vectors[:, :longest], behind]), masks).chunk(2)
        return torch.cat([(u - v).abs(), u * v, (u * v).sum(1, keepdim=True)], 1)

    def sentence(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """One vector for each text: float32 (n_texts, width)."""
        second = {"token_type_ids": (mask == 2).long()} if self.typed and not self.unit else {}
        mask = mask > 0
        states = self.encoder(inputs_embeds=vectors, attention_mask=mask.long(), **second).last_hidden_state
        found = pooled(states, mask, self.pooling, self.attention)
        return nn.functional.normalize(found, dim=1) if self.unit else found

    def learn(self, part: str) -> None:
        """Say which part is trained: all, the head alone, or thin matrices beside those of attention (LoRA, 2021).

        Raises
        ------
        MissingExtra : if LoRA is asked for and peft is not installed
        ConfigError : if the encoder has nothing that LoRA knows
        """
        if part in ("auto", "all"):
            return
        self.encoder.requires_grad_(False)
        if part == "head":
            self.frozen = True
            return
        try:
            from peft import LoraConfig, get_peft_model
        except ImportError as error:
            raise MissingExtra('learns = "lora"', package="peft", extra="networks") from error
        try:
            asked = LoraConfig(r=_LORA_RANK, lora_alpha=2 * _LORA_RANK, lora_dropout=self.dropout.p)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers what will be called otherwise
                self.encoder = get_peft_model(self.encoder, asked)
        except ValueError as error:
            raise ConfigError([f"model.learns: LoRA does not know this architecture: {error}"]) from error

    def finish(self) -> None:
        """Add what LoRA learned to the weights, so that what is kept is the plain encoder."""
        if hasattr(self.encoder, "merge_and_unload"):
            self.encoder = self.encoder.merge_and_unload()  # type: ignore[operator]

    def train(self, mode: bool = True) -> Pretrained:
        """As of any module; an encoder that is not trained drops nothing out."""
        super().train(mode)
        if self.frozen:
            self.encoder.eval()
        return self

    def save_config(self, path: Path) -> None:
        """Write what `of_config` needs."""
        said = json.loads(self.encoder.config.to_json_string(use_diff=False))  # type: ignore[operator, union-attr]
        path.write_text(json.dumps(said, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _can_be_built(weights: Weights) -> bool:
    """Whether ``config.json`` says an architecture, whatever the weights are; nothing is read or drawn for it."""
    try:
        with _quiet(), torch.device("meta"):
            config = AutoConfig.from_pretrained(weights.folder, local_files_only=True, trust_remote_code=False)
            AutoModel.from_config(config, trust_remote_code=False)  # type: ignore[no-untyped-call]
    except Exception:  # what transformers raises is of many kinds
        return False
    return True


@contextmanager
def _quiet() -> Iterator[None]:
    """Inside, transformers draws no bars and writes no tables: what there is to say is said by the run."""
    before, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if before:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def layered(network: Pretrained, decay: float) -> Rates:
    """Learning rates that fall from layer to layer towards the text (Howard and Ruder, 2018).

    Parameters
    ----------
    decay : rate of each layer as a share of that of the one above it
    """
    names = [name for name, _ in network.named_parameters()]
    layers = [int(found[1]) for name in names if (found := _LAYER.search(name))]
    top = max(layers, default=-1) + 1

    def share(name: str) -> float:
        if not name.startswith("encoder."):
            return 1.0
        found = _LAYER.search(name)
        return decay ** (top - int(found[1]) if found else top + 1)

    return Rates({name: share(name) for name in names})
