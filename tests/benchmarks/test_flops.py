from __future__ import annotations

from benchmarks.measuring.flops import Shape, sampling_flops, shape_of, training_flops

CONFIG = {
    "hidden_size": 8,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 16,
    "vocab_size": 100,
}


def test_shape_counts_the_weights_of_products_alone():
    assert shape_of(CONFIG) == Shape(body=3 * (8 * 8 * 2 + 2 * 8 * 4 + 3 * 8 * 16), head=800, attention=3 * 8)


def test_shape_takes_a_head_size_that_is_given():
    assert shape_of({**CONFIG, "head_dim": 4}).attention == 3 * 16


def test_sampling_counts_each_new_token_with_what_it_looks_at():
    shape = Shape(body=1000, head=100, attention=7)
    by_hand = sum(2 * 1100 + 4 * 7 * context for context in (6, 7, 8)) + 2 * 1100 + 4 * 7 * 3
    assert sampling_flops(shape, [5, 2], [3, 1]) == by_hand


def test_training_is_three_forward_passes_with_the_head_on_new_tokens():
    shape = Shape(body=1000, head=100, attention=7)
    forward = 5 * 2 * 1000 + 3 * 2 * 100 + 4 * 7 * sum(range(1, 6))
    assert training_flops(shape, [2], [3]) == 3 * forward
