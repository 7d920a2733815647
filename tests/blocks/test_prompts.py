from __future__ import annotations

import shutil

import pytest

from blocks.errors import InputError, UnreadableFile
from blocks.models.families import FAMILIES
from blocks.models.loading import load
from blocks.prompts import LONGEST, encode_chunks, read_prompt, tokenizers_of

LONG = "a portrait of a woman, red coat, blue hair, night street, happy, side left, " * 6


@pytest.fixture
def read(tiny):
    def reading(family, text):
        loaded = load(tiny(family))
        return read_prompt(text, loaded.pipe, loaded.profile)

    return reading


@pytest.mark.parametrize("family", FAMILIES)
def test_what_will_be_sent_is_told_without_loading_the_model(family, tiny, read):
    words = tokenizers_of(tiny(family), FAMILIES[family])
    for text in ("", "a red coat", LONG * 5):
        assert read_prompt(text, words, FAMILIES[family]) == read(family, text)


def test_a_damaged_tokenizer_is_said_to_be(tiny, tmp_path):
    shutil.copytree(tiny("flux1"), tmp_path / "model")
    for path in (tmp_path / "model" / "tokenizer_2").iterdir():
        path.write_text("{")
    with pytest.raises(UnreadableFile, match="model/tokenizer_2 cannot be read"):
        tokenizers_of(tmp_path / "model", FAMILIES["flux1"])


def test_tokens_are_counted_as_the_encoder_counts_them(read):
    assert read("pocket", "a red coat").tokens == 3 + 2, "with start and end"
    assert read("pocket", "").tokens == 2
    assert read("flux1", "a red coat").tokens == 3 + 1, "T5 has an end only"


def test_a_prompt_that_fits_is_sent_as_it_is(read):
    prompt = read("sdxl", "a  red coat ")
    assert (prompt.chunks, prompt.cut, prompt.limit) == (("a  red coat ",), "", 77)


@pytest.mark.parametrize("family", ["pocket", "sdxl"])
def test_a_long_prompt_is_sent_whole_in_chunks_that_fit_and_split_no_word(read, family):
    prompt = read(family, LONG)
    assert len(prompt.chunks) > 1
    assert prompt.sent.split() == LONG.split()
    assert not prompt.cut
    assert all(read(family, chunk).tokens <= 77 for chunk in prompt.chunks)


def test_a_word_longer_than_a_chunk_neither_hangs_nor_hides_what_follows(read):
    prompt = read("pocket", "a " + "x" * 200 + " coat")
    assert [chunk[:4] for chunk in prompt.chunks] == ["a", "xxxx", "coat"]


@pytest.mark.parametrize("family", ["flux1-schnell", "z-image", "flux2", "flux2-klein", "z-image-omni"])
def test_where_chunks_are_not_taken_what_is_cut_is_shown(read, family):
    long = "a portrait of a woman, red coat, " * 60
    prompt = read(family, long)
    assert prompt.tokens > prompt.limit
    assert len(prompt.chunks) == 1
    assert f"{prompt.sent} {prompt.cut}".split() == long.split()
    assert read(family, prompt.sent).tokens <= prompt.limit


def test_the_frame_of_a_chat_counts(read):
    assert read("z-image", "").tokens > 0
    assert read("flux2", "").tokens > read("flux2-klein", "").tokens, "a system message besides"


def test_an_editing_model_that_takes_any_length_is_sent_it_all(read):
    prompt = read("qwen-edit-plus", "a red coat " * 200)
    assert (len(prompt.chunks), prompt.cut) == (1, "")


def test_words_that_a_small_vocabulary_lacks_are_told(read):
    prompt = read("pocket", "a Zeppelin, red coat, zeppelin of chrome, 8k")
    assert prompt.unknown == ("Zeppelin", "zeppelin", "chrome")


def test_a_prompt_without_end_is_refused(read):
    with pytest.raises(InputError, match="8,001"):
        read("pocket", "a" * (LONGEST + 1))


@pytest.mark.parametrize("family", ["pocket", "sdxl"])
def test_one_chunk_is_encoded_as_the_pipeline_does_it_itself(tiny, read, family):
    import torch

    pipe = load(tiny(family)).pipe
    prompt, negative = read(family, "a red coat"), read(family, "night")
    ours = encode_chunks(pipe, prompt, negative, True)
    theirs = (
        pipe.encode_prompt("a red coat", "cpu", 1, True, negative_prompt="night")
        if family == "pocket"
        else (pipe.encode_prompt("a red coat", num_images_per_prompt=1, negative_prompt="night"))
    )
    assert torch.equal(ours["prompt_embeds"], theirs[0])
    assert torch.equal(ours["negative_prompt_embeds"], theirs[1])


@pytest.mark.parametrize(("prompt", "negative"), [(LONG, "night"), ("a red coat", LONG), (LONG, LONG + LONG)])
def test_prompt_and_negative_are_filled_up_to_the_same_length(tiny, read, prompt, negative):
    pipe = load(tiny("sdxl")).pipe
    found = encode_chunks(pipe, read("sdxl", prompt), read("sdxl", negative), True)
    longest = max(len(read("sdxl", text).chunks) for text in (prompt, negative))
    assert found["prompt_embeds"].shape == found["negative_prompt_embeds"].shape == (1, 77 * longest, 32)
    assert found["pooled_prompt_embeds"].shape == found["negative_pooled_prompt_embeds"].shape == (1, 16)
