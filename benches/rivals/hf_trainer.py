"""Fine-tuning with the Trainer of transformers: dynamic padding; model, tokens a batch, epochs and rate as ours."""

from __future__ import annotations

import json
import sys
import tempfile
import time

import numpy as np
import torch
from torch import nn

from benches.networks import THREADS, TOKENS, TUNE_EPOCHS, TUNE_RATE, accuracy, minilm, tweets


class Pooled(nn.Module):
    """Mean pooling and a linear head, as ours has it."""

    def __init__(self) -> None:
        from transformers import AutoModel

        super().__init__()
        self.encoder = AutoModel.from_pretrained(minilm())
        self.dropout, self.head = nn.Dropout(0.1), nn.Linear(384, 1)

    def forward(self, input_ids, attention_mask, labels=None):  # type: ignore[no-untyped-def]
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        inside = attention_mask.unsqueeze(-1)
        outputs = self.head(self.dropout((states * inside).sum(1) / inside.sum(1)))[:, 0]
        found = {"logits": outputs}
        if labels is not None:
            found["loss"] = nn.functional.binary_cross_entropy_with_logits(outputs, labels.float())
        return found


def main() -> None:
    from transformers import AutoTokenizer, DataCollatorWithPadding, Trainer, TrainingArguments

    torch.set_num_threads(THREADS)
    (texts, labels), (test, truth) = tweets()
    tokenizer = AutoTokenizer.from_pretrained(minilm())

    def rows(some, answers):  # type: ignore[no-untyped-def]
        numbers = tokenizer(some, truncation=True, max_length=256, return_token_type_ids=False)["input_ids"]
        return [{"input_ids": one, "labels": int(label == "1")} for one, label in zip(numbers, answers, strict=True)]

    learned = rows(texts, labels)
    lengths = np.array([len(one["input_ids"]) for one in learned])
    # batches of so many texts that they have as many tokens as ours, once filled up to the longest of a random batch
    rng = np.random.default_rng(13)
    for size in range(2, 200):
        if size * np.mean([rng.choice(lengths, size).max() for _ in range(200)]) > TOKENS:
            break
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            num_train_epochs=TUNE_EPOCHS,
            per_device_train_batch_size=size,
            per_device_eval_batch_size=64,
            learning_rate=TUNE_RATE,
            lr_scheduler_type="cosine",
            warmup_steps=0.1,
            weight_decay=0.01,
            seed=13,
            use_cpu="cuda" not in sys.argv,
            bf16="cuda" in sys.argv,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
            logging_strategy="no",
            dataloader_pin_memory=False,
        )
        trainer = Trainer(Pooled(), arguments, train_dataset=learned, data_collator=DataCollatorWithPadding(tokenizer))
        began = time.perf_counter()
        trainer.train()
        took = time.perf_counter() - began
        said = trainer.predict(rows(test, truth)).predictions > 0
    print(json.dumps({"speed": TUNE_EPOCHS * len(texts) / took, "accuracy": accuracy(said, truth), "batch": size}))


if __name__ == "__main__":
    sys.exit(main())
