from aha.runtime.seeds import seed_of, shuffled


def test_seed_is_fixed_for_ever() -> None:
    assert seed_of(0, "zero", 3, "p-1", 15) == seed_of(0, "zero", 3, "p-1", 15)
    assert seed_of("a") == 4492903830602021039


def test_parts_are_told_apart() -> None:
    parts = [("a", "b"), ("ab",), ("b", "a"), (1,), ("1",), (11,), (1, 1), (-1,), (), ("",), ("\ud800",)]
    assert len({seed_of(*part) for part in parts}) == len(parts)
    assert all(0 <= seed_of(*part) < 2**64 for part in parts)


def test_shuffled_is_a_permutation_by_seed() -> None:
    assert sorted(shuffled(100, 1)) == list(range(100))
    assert shuffled(100, 1) == shuffled(100, 1) != shuffled(100, 2)
    assert shuffled(0, 1) == []
    firsts = [shuffled(5, seed)[0] for seed in range(2000)]
    assert all(330 < firsts.count(i) < 470 for i in range(5))
