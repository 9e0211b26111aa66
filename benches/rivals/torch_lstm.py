"""The usual PyTorch recipe for a bidirectional LSTM: random batches, padded to their longest, packed.

Words, sizes, epochs and optimiser are ours; prints texts a second and accuracy on the rows that were held back.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benches.networks import EPOCHS, THREADS, WIDTH, accuracy, headlines

BATCH = 64


class Usual(nn.Module):
    def __init__(self, n_terms: int) -> None:
        super().__init__()
        self.table = nn.Embedding(n_terms, WIDTH, padding_idx=0)
        self.lstm = nn.LSTM(WIDTH, WIDTH, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(2 * WIDTH, 1)

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        packed = pack_padded_sequence(self.dropout(self.table(ids)), lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, padding_value=-1e9)
        return self.head(self.dropout(states.amax(1)))


def main() -> None:
    from textmill.models.networks.vocabulary import Vocabulary

    torch.set_num_threads(THREADS)
    torch.manual_seed(13)
    (texts, labels), (test, truth), path = headlines()
    tokens = path.tokens(texts)
    vocabulary = Vocabulary.learn(path, tokens, most=50_000, max_tokens=400)
    encoded = vocabulary.numbered(tokens)
    target = torch.from_numpy((np.array(labels) == "1").astype(np.float32))
    network = Usual(len(vocabulary.terms))
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    rng = np.random.default_rng(13)
    began = time.perf_counter()
    for _ in range(EPOCHS):
        order = rng.permutation(len(texts))
        for begin in range(0, len(order), BATCH):
            some = order[begin : begin + BATCH]
            outputs = network(torch.from_numpy(encoded.padded(some, 0)), torch.from_numpy(encoded.lengths[some]))
            loss = nn.functional.binary_cross_entropy_with_logits(outputs[:, 0], target[some])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
    took = time.perf_counter() - began
    network.eval()
    asked = vocabulary.encode(test)
    said = []
    with torch.inference_mode():
        for begin in range(0, len(test), 256):
            some = np.arange(begin, min(begin + 256, len(test)))
            outputs = network(torch.from_numpy(asked.padded(some, 0)), torch.from_numpy(asked.lengths[some]))
            said += (outputs[:, 0] > 0).tolist()
    print(json.dumps({"speed": EPOCHS * len(texts) / took, "accuracy": accuracy(said, truth)}))


if __name__ == "__main__":
    sys.exit(main())
