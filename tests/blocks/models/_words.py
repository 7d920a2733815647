"""Tokenizers of the real classes with a few words each."""

from __future__ import annotations

from typing import Any

WORDS = ("a", "portrait", "of", "woman", "red", "blue", "coat", "hair", "night", "street", "happy", "side", "left")
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{{ part['text'] }}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>",
           "<|video_pad|>", "[IMG]", "[IMG_BREAK]", "[IMG_END]")  # fmt: skip


def clip_tokenizer() -> Any:
    """Letters, and a few whole words."""
    from transformers import CLIPTokenizer

    letters = "abcdefghijklmnopqrstuvwxyz0123456789,.-'"
    vocab = [*letters, *(f"{letter}</w>" for letter in letters)]
    merges = []
    for word in WORDS:
        parts = [*word[:-1], f"{word[-1]}</w>"]
        while len(parts) > 1:
            merges.append((parts[0], parts[1]))
            parts = [parts[0] + parts[1], *parts[2:]]
            vocab.append(parts[0])
    vocab = [*dict.fromkeys(vocab), "<|startoftext|>", "<|endoftext|>"]
    numbered = {token: number for number, token in enumerate(vocab)}
    return CLIPTokenizer(vocab=numbered, merges=list(dict.fromkeys(merges)), model_max_length=77)


def byte_tokenizer() -> Any:
    """A token a byte, with the marks that Qwen's and Mistral's models use."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2Tokenizer

    vocab = {token: number for number, token in enumerate(sorted(ByteLevel.alphabet()))}
    tokenizer = Qwen2Tokenizer(vocab=vocab, merges=[], model_max_length=4096)
    tokenizer.add_special_tokens({"additional_special_tokens": list(SPECIAL)})
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def t5_tokenizer() -> Any:
    """A token a letter, and the few words."""
    from transformers import T5Tokenizer

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(letter, -4.0) for letter in "abcdefghijklmnopqrstuvwxyz,.-'0123456789"]
    return T5Tokenizer(vocab=[*pieces, *((f"▁{word}", -1.0) for word in WORDS)], extra_ids=0, model_max_length=512)
