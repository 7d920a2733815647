"""The pocket generator's words: a tokenizer in which every word of the captions is one token, and its text encoder."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

from blocks.pocket.captions import VOCABULARY

__all__ = ["WIDTH", "WORDS", "build_text_encoder", "build_tokenizer", "learn_merges"]

WIDTH = 128  # of the text embedding
WORDS = 48  # tokens in a prompt, both ends counted
_END = "</w>"


def learn_merges(words: list[str]) -> list[tuple[str, str]]:
    """Byte-pair merges, learned until each word is a single token (Sennrich et al. 2016)."""
    pieces = {word: [*word[:-1], word[-1] + _END] for word in sorted(words)}
    merges: list[tuple[str, str]] = []
    while True:
        pairs = Counter(pair for parts in pieces.values() for pair in pairwise(parts))
        if not pairs:
            return merges
        # The most frequent pair; of equals the first in the alphabet, so that the result is always the same.
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        pieces = {word: _joined(parts, best) for word, parts in pieces.items()}


def _joined(parts: list[str], pair: tuple[str, str]) -> list[str]:
    joined: list[str] = []
    for part in parts:
        if joined and (joined[-1], part) == pair:
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def _pieces(words: frozenset[str]) -> list[str]:
    """What the tokenizer's own splitting makes of the words: letters apart from signs."""
    return sorted({piece for word in words for piece in re.findall(r"[a-z]+|[^a-z\s]+", word)})


def build_tokenizer(folder: Path) -> Any:
    """Write vocab.json and merges.txt into ``folder`` and return the CLIPTokenizer made of them.

    Letters, digits and signs are tokens as well: an unknown word is spelled, never an error.
    """
    from transformers import CLIPTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    merges = learn_merges(_pieces(VOCABULARY))
    signs = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    tokens = [*signs, *(sign + _END for sign in signs), *("".join(pair) for pair in merges)]
    tokens = [*dict.fromkeys(tokens), "<|startoftext|>", "<|endoftext|>"]
    vocab = {token: number for number, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocab))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    tokenizer = CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=WORDS)
    tokenizer.save_pretrained(folder)
    return tokenizer


def build_text_encoder(tokenizer: Any) -> Any:
    """An untrained two-layer CLIPTextModel (0.3 M)."""
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=WIDTH * 2,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=WORDS,
            projection_dim=WIDTH,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
