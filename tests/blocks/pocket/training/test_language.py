"""Every word of a caption becomes one token."""

from itertools import pairwise

from blocks.pocket.captions import VOCABULARY
from blocks.pocket.training.language import learn_merges


def spelled(word: str, merges: list[tuple[str, str]]) -> list[str]:
    """Byte-pair encoding as any tokenizer does it: the earliest merge that applies, until none does."""
    parts = [*word[:-1], word[-1] + "</w>"]
    rank = {pair: place for place, pair in enumerate(merges)}
    while True:
        pairs = [(rank.get(pair, 10**9), place) for place, pair in enumerate(pairwise(parts))]
        best, place = min(pairs, default=(10**9, 0))
        if best == 10**9:
            return parts
        parts[place : place + 2] = ["".join(parts[place : place + 2])]


def test_every_word_of_the_vocabulary_is_a_single_token() -> None:
    words = sorted(word for word in VOCABULARY if word.isalpha())
    merges = learn_merges(words)
    assert [word for word in words if spelled(word, merges) != [word + "</w>"]] == []


def test_an_unknown_word_is_spelled() -> None:
    assert spelled("zq", learn_merges(["red", "reed"])) == ["z", "q</w>"]


def test_the_merges_do_not_depend_on_the_order_of_the_words() -> None:
    assert learn_merges(["coat", "boat", "goat"]) == learn_merges(["goat", "coat", "boat"])
