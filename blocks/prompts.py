"""What a model is really sent of a prompt: counted with its own tokenizer, before anything is drawn.

A text encoder reads so many tokens and no more. The Stable Diffusion family is given longer prompts in chunks, cut
between words, each encoded by itself and joined (the way common interfaces do it); for the others what lies beyond
is cut, and said to be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from blocks.errors import InputError, NotAvailable, UnreadableFile
from blocks.models.digest import fingerprint
from blocks.models.processors import processor_parts
from blocks.models.profiles import Profile

__all__ = ["LONGEST", "Prompt", "encode_chunks", "prompt_report", "read_prompt", "tokenizers_of"]

LONGEST = 8_000
"""Characters of a prompt; more than any encoder reads, and few enough for a picture's recipe."""

_SMALL = 8192
"""Entries of a vocabulary below which whole words are missing from it; published models have six times as many."""

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What becomes of a prompt.

    Attributes:
        text: as it was written.
        tokens: what it takes, with what the model puts around it.
        limit: what the encoder reads at once; with chunks, each of them.
        chunks: the text in the pieces it is sent in; one, unless it is long and the model takes chunks.
        cut: what is not sent.
        unknown: words that a small vocabulary does not have, as they were written.
    """

    text: str
    tokens: int
    limit: int
    chunks: tuple[str, ...]
    cut: str = ""
    unknown: tuple[str, ...] = ()

    @property
    def sent(self) -> str:
        """What the encoder reads, chunks joined."""
        return " ".join(self.chunks)


@dataclass(frozen=True, slots=True)
class _Words:
    """As much of a pipeline as a prompt is read with."""

    components: dict[str, Any]
    system_message: str


def tokenizers_of(folder: Path, profile: Profile) -> Any:
    """What `read_prompt` needs of a model, without its weights: a form can show what will be sent while it is typed.

    Args:
        folder: one that `blocks.models.recognise.recognise` let through.

    Raises:
        UnreadableFile: a tokenizer is damaged.
    """
    import transformers

    index = json.loads((folder / "model_index.json").read_bytes())
    components = processor_parts(folder, profile.family)
    for name in ("tokenizer", "tokenizer_2"):
        if name not in components and (folder / name).is_dir():
            try:
                kind = getattr(transformers, index[name][1])
                components[name] = kind.from_pretrained(folder / name, local_files_only=True)
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                reason = str(error).strip().split("\n")[0]
                raise UnreadableFile(
                    f"{folder.name}/{name} cannot be read ({reason}); fetch the model again, whole."
                ) from error
    return _Words(components, _system_message(profile))


def prompt_report(folder: Path, text: str) -> Prompt:
    """What the model in a folder is sent of a prompt, told without loading it; quick enough for every keystroke.

    Raises:
        InputError, UnreadableFile, UnsafeFile, NotAvailable: the folder is no model that can be used, or the prompt is
            longer than `LONGEST` characters.
    """
    if not folder.is_dir():
        raise NotAvailable(f"There is no model {folder.name}; choose one of those that are here.")
    words, about = _kept(folder, fingerprint(folder))
    return read_prompt(text, words, about)


@lru_cache(maxsize=4)
def _kept(folder: Path, state: str) -> tuple[Any, Profile]:
    """Tokenizers, for as long as nothing in the folder changes."""
    from blocks.models.recognise import recognise

    about = recognise(folder).profile
    return tokenizers_of(folder, about), about


def _system_message(profile: Profile) -> str:
    if profile.pipeline != "Flux2Pipeline":
        return ""
    from diffusers.pipelines.flux2.system_messages import SYSTEM_MESSAGE

    return str(SYSTEM_MESSAGE)


def read_prompt(text: str, pipe: Any, profile: Profile) -> Prompt:
    """Count, split or cut a prompt for a loaded pipeline, or for what `tokenizers_of` gave.

    Raises:
        InputError: it is longer than `LONGEST` characters.
    """
    if len(text) > LONGEST:
        raise InputError(f"The prompt has {len(text):,} characters; at most {LONGEST:,} are taken. Shorten it.")
    tokenizers = _tokenizers(pipe, profile)
    around = max(_around(pipe, tokenizer, profile) for tokenizer in tokenizers)

    def count(part: str) -> int:
        return max(len(tokenizer(part, add_special_tokens=False).input_ids) for tokenizer in tokenizers)

    # An encoder's own length counts where it is shorter than its family's.
    limit = min(profile.tokens, *(_length(tokenizer, profile) for tokenizer in tokenizers))
    tokens = count(text) + around
    unknown = _unknown(text, tokenizers[0])
    if tokens <= limit or profile.beyond == "taken":
        return Prompt(text, tokens, limit, (text,), unknown=unknown)
    words = re.findall(r"\S+\s*", text)
    if profile.beyond == "chunked":
        return Prompt(text, tokens, limit, _chunks(words, count, limit - around), unknown=unknown)
    kept = _fitting(words, count, limit - around)
    return Prompt(text, tokens, limit, ("".join(words[:kept]).rstrip(),), "".join(words[kept:]).strip(), unknown)


def encode_chunks(pipe: Any, prompt: Prompt, negative: Prompt, guided: bool) -> dict[str, Any]:
    """Arguments of a Stable Diffusion pipeline for a prompt or negative of several chunks.

    Each chunk is encoded by the pipeline itself, (1, limit, width), and they are joined along the second axis; the
    shorter of the two is filled up with empty chunks. SDXL's pooled embedding is that of the first chunk.

    Args:
        guided: whether the pipeline will run the negative too.
    """
    import torch

    longest = max(len(prompt.chunks), len(negative.chunks) if guided else 1)
    pieces = [
        pipe.encode_prompt(
            prompt=words,
            device=pipe._execution_device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=guided,
            negative_prompt=against if guided else None,
        )
        for words, against in zip(_filled(prompt.chunks, longest), _filled(negative.chunks, longest), strict=True)
    ]
    found = {"prompt_embeds": torch.cat([piece[0] for piece in pieces], dim=1)}
    if guided:
        found["negative_prompt_embeds"] = torch.cat([piece[1] for piece in pieces], dim=1)
    if len(pieces[0]) == 4:
        found["pooled_prompt_embeds"] = pieces[0][2]
        if guided:
            found["negative_pooled_prompt_embeds"] = pieces[0][3]
    return found


def _filled(chunks: Sequence[str], length: int) -> list[str]:
    return [*chunks[:length], *[""] * (length - len(chunks))]


def _tokenizers(pipe: Any, profile: Profile) -> list[Any]:
    """Those whose length counts: both of SDXL's, the second of FLUX.1's (the first gives one vector only)."""
    first, second = (pipe.components.get(name) for name in ("tokenizer", "tokenizer_2"))
    chosen = [first, second] if profile.beyond == "chunked" else [second or first]
    return [getattr(one, "tokenizer", one) for one in chosen if one is not None]  # a processor holds its tokenizer


def _length(tokenizer: Any, profile: Profile) -> int:
    known = int(getattr(tokenizer, "model_max_length", 0) or 0)
    return known if profile.beyond == "chunked" and 2 < known < profile.tokens else profile.tokens


def _around(pipe: Any, tokenizer: Any, profile: Profile) -> int:
    """Tokens that are sent beside the text: start and end, or a chat's frame and system message."""
    if not profile.chat:
        return len(tokenizer("").input_ids)
    frame: list[dict[str, Any]] = [{"role": "user", "content": ""}]
    if system := getattr(pipe, "system_message", ""):
        frame = [
            {"role": "system", "content": [{"type": "text", "text": system}]},
            {"role": "user", "content": [{"type": "text", "text": ""}]},
        ]
    text = tokenizer.apply_chat_template(frame, tokenize=False, add_generation_prompt=not system)
    return len(tokenizer(text, add_special_tokens=False).input_ids)


def _chunks(words: Sequence[str], count: Callable[[str], int], room: int) -> tuple[str, ...]:
    chunks: list[str] = []
    rest = list(words)
    while rest:
        fitting = max(1, _fitting(rest, count, room))  # one endless word is cut by the encoder
        chunks.append("".join(rest[:fitting]).strip())
        rest = rest[fitting:]
    return tuple(chunks)


def _fitting(words: Sequence[str], count: Callable[[str], int], room: int) -> int:
    """How many words fit into so many tokens, by halving."""
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count("".join(words[:middle])) <= room else (low, middle - 1)
    return low


def _unknown(text: str, tokenizer: Any) -> tuple[str, ...]:
    """Words that a small vocabulary spells in letters, or does not have at all; each once, in their order."""
    if len(tokenizer) >= _SMALL:
        return ()
    missing: dict[str, None] = {}
    for word in _WORD.findall(text):
        pieces = tokenizer(word, add_special_tokens=False).input_ids
        if len(pieces) > 1 or tokenizer.unk_token_id in pieces:
            missing[word] = None
    return tuple(missing)
