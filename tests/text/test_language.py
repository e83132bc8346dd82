"""Share of words in the right script."""

import pytest

from aha.text.language import language_share


@pytest.mark.parametrize(
    ("text", "language", "share"),
    [
        ("the sum is four", "en", 1.0),
        ("합은 4 이다", "ko", 1.0),
        ("합은 four 이다", "ko", 2 / 3),
        ("итак ответ", "ru", 1.0),
        ("итак answer", "ru", 0.5),
        ("我们得到 so", "zh", 4 / 5),
        ("それは五", "ja", 1.0),
        ("la réponse été", "fr", 1.0),
        ("여기서 $x = \\frac{a}{b} + abc$ 이고 `code here` x", "ko", 1.0),
        ("<think>생각</think>", "ko", 1.0),
        ("Δ π 합", "ko", 1.0),
        ("12 + 5 = 17", "en", None),
        ("", "en", None),
    ],
)
def test_share(text: str, language: str, share: float | None) -> None:
    assert language_share(text, language) == share
