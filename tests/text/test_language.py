"""Share of words in the right language: what counts as a word, scripts, and languages of one script."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aha.text.function_words import FUNCTION_WORDS, LETTERS
from aha.text.language import LANGUAGES, SCRIPTS, language_of, language_share

DATA = Path(os.environ.get("AHA_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.mark.parametrize(
    ("text", "language", "share"),
    [
        ("the sum is four", "en", 1.0),
        ("두 수의 합은 4 이다", "ko", 1.0),
        ("두 수의 합은 four 이다", "ko", 4 / 5),
        ("итак ответ четыре", "ru", 1.0),
        ("итак the answer", "ru", 1 / 3),
        ("我们得到 so", "zh", 4 / 5),
        ("それは五", "ja", 1.0),
        ("la réponse a été", "fr", 1.0),
        ("the sum is four", "ko", 0.0),
        ("Жавоб ана шу", "en", 0.0),
        ("我们得到四", "zh-CN", 1.0),
        ("the sum is four", "EN_us", 1.0),
        ("то је збир", "sr", 1.0),
        ("to je zbir", "sr", 1.0),
    ],
)
def test_share(text: str, language: str, share: float) -> None:
    assert language_share(text, language) == pytest.approx(share)


@pytest.mark.parametrize(
    "noise",
    [
        *("12 + 5 = 17", "x", "Δ", "$x = \\frac{a}{b} + abc$", "$$\nx = some thing\n$$", "\\(a text\\)"),
        *(
            "\\[\na + word\n\\]",
            "`code here`",
            "```python\nprint(word)\n```",
            "https://a.org/some/words",
            "www.a.org/b",
        ),
        *("\\frac{1}{2} \\cdot \\pi", "\\begin{align} 1 \\end{align}", "<think>", "5 cm", "10kg", "x_max", "gcd2"),
        *(
            "sin x",
            "log 2",
            "ABC",
            "GDP",
            "[asy]draw(circle(o, r));[/asy]",
            "Roger",
            "Natalia",
            "iPhone",
            "isPrime",
            "!?…",
            "\u200b",
        ),
    ],
)
def test_no_words(noise: str) -> None:
    """A foreign word in any of these places would lower the share."""
    assert language_share(f"합은 이제 모두 {noise} 이다", "ko") == 1.0
    assert language_share(noise, "ko") is None


def test_prices_are_no_formula() -> None:
    assert language_share("값은 $5 plus later $6 이다", "ko") == pytest.approx(2 / 4)


@pytest.mark.parametrize("text", ["", "합은 이다", "x = 1, so y", "12 + 5 = 17", "Roger"])
def test_too_few_words_have_no_share(text: str) -> None:
    assert language_share(text, "ko") is None
    assert language_of(text) is None


SENTENCES = {
    "en": "She has three apples and buys two more, so how many apples does she have in the end?",
    "fr": "Elle a trois pommes et elle en achète deux de plus, alors combien de pommes a-t-elle à la fin ?",
    "de": "Sie hat drei Äpfel und kauft noch zwei dazu, wie viele Äpfel hat sie dann am Ende?",
    "es": "Ella tiene tres manzanas y compra dos más, entonces ¿cuántas manzanas tiene ella al final?",
    "it": "Lei ha tre mele e ne compra altre due, quindi quante mele ha lei alla fine della giornata?",
    "pt": "Ela tem três maçãs e compra mais duas, então quantas maçãs ela tem no final do dia?",
    "nl": "Ze heeft drie appels en koopt er nog twee bij, hoeveel appels heeft ze dan aan het einde?",
    "sv": "Hon har tre äpplen och köper två till, så hur många äpplen har hon när dagen är slut?",
    "pl": "Ona ma trzy jabłka i kupuje jeszcze dwa, więc ile jabłek ma ona na koniec dnia?",
    "tr": "Onun üç elması var ve iki tane daha alıyor, günün sonunda kaç elması olur?",
    "id": "Dia punya tiga apel dan membeli dua lagi, jadi berapa banyak apel yang dia punya pada akhirnya?",
    "vi": "Cô ấy có ba quả táo và mua thêm hai quả nữa, vậy cuối cùng cô ấy có bao nhiêu quả táo?",
    "sw": "Ana matofaa matatu na ananunua mawili zaidi, kwa hivyo ana matofaa mangapi kwa jumla?",
    "ru": "У неё есть три яблока, и она покупает ещё два, сколько всего яблок у неё будет?",
    "uk": "Вона має три яблука і купує ще два, скільки яблук вона буде мати в кінці дня?",
    "bg": "Тя има три ябълки и купува още две, колко ябълки ще има тя в края на деня?",
    "ar": "لديها ثلاث تفاحات ثم اشترت اثنتين من السوق، كم عدد التفاحات التي لديها الآن؟",
    "fa": "او سه سیب دارد و دو سیب دیگر می خرد، پس در پایان چند سیب برای او می شود؟",
    "zh": "她有三个苹果，又买了两个，最后她一共有多少个苹果？",
    "ja": "彼女はりんごを三つ持っていて、さらに二つ買いました。りんごは全部でいくつですか。",
    "ko": "그녀는 사과 세 개를 가지고 있고 두 개를 더 샀다. 사과는 모두 몇 개인가?",
    "th": "เธอมีแอปเปิลสามผล และซื้อเพิ่มอีกสองผล เธอมีแอปเปิลกี่ผล",
    "hi": "उसके पास तीन सेब हैं और वह दो और खरीदती है, अब उसके पास कितने सेब हैं?",
    "bn": "তার কাছে তিনটি আপেল আছে এবং সে আরও দুটি কেনে, এখন কতটি আপেল আছে?",
    "te": "ఆమె వద్ద మూడు ఆపిల్స్ ఉన్నాయి, మరో రెండు కొంటుంది, ఇప్పుడు ఎన్ని ఉన్నాయి?",
    "el": "Έχει τρία μήλα και αγοράζει άλλα δύο, πόσα μήλα έχει τώρα;",
    "he": "יש לה שלושה תפוחים והיא קונה עוד שניים, כמה תפוחים יש לה עכשיו?",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_one_sentence_tells_its_language_and_no_other(language: str) -> None:
    text = SENTENCES[language]
    assert language_of(text) == language
    assert language_share(text, language) == 1.0
    for other in SENTENCES:
        if other != language:
            assert language_share(text, other) == 0.0, other


def test_a_listed_language_is_found_inside_another_of_its_script() -> None:
    text = f"{SENTENCES['en']} {SENTENCES['fr']} {SENTENCES['en']}"
    assert language_of(text) == "en"
    assert 0.55 < language_share(text, "en") < 0.75
    assert language_share(text, "en") + language_share(text, "fr") == pytest.approx(1)


def test_what_cannot_be_told_apart_is_taken_for_the_wanted_language() -> None:
    assert language_share("abc defg hijk lmno", "fr") == 1.0
    assert language_share("abc defg hijk lmno", "fi") == 1.0
    assert language_share(SENTENCES["de"], "fi") == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "The player scored many points: 5 plus 4 plus 3 plus 2 equals 14 points.",
        "Sacks of oats per horse, sacks of grain per horse: 4 sacks.",
        "15 alligators eaten over a period of 3 weeks is a rate of 5 alligators per week.",
        "So I am 17 years old now.",
        "Il compte un, puis un, puis un, puis un total de cinq moutons dans la plaine.",
    ],
)
def test_a_word_that_comes_again_speaks_for_no_other_language(text: str) -> None:
    assert language_share(text, "fr" if text.startswith("Il") else "en") == 1.0


def test_every_listed_language_has_words_of_its_own() -> None:
    for language, words in FUNCTION_WORDS.items():
        same = [code for code in FUNCTION_WORDS if LANGUAGES.get(code) == LANGUAGES.get(language) and code != language]
        assert len(words.difference(*(FUNCTION_WORDS[code] for code in same))) >= 20, language
        assert all(word == word.lower() and not (len(word) == 1 and word.isascii()) for word in words), language
    assert set(LETTERS) <= set(FUNCTION_WORDS)
    assert {script for scripts in LANGUAGES.values() for script in scripts} <= set(SCRIPTS)


@given(st.text(max_size=300), st.sampled_from([*SENTENCES, "xx"]))
def test_any_text_has_a_share_between_0_and_1_or_none(text: str, language: str) -> None:
    share = language_share(text, language)
    assert share is None or 0 <= share <= 1
    assert (share is None) <= (language_of(text) is None)


@pytest.mark.skipif(not (DATA / "mgsm").is_dir(), reason="needs the data set mgsm (AHA_DATA)")
def test_on_public_questions_in_eleven_languages() -> None:
    lines = (DATA / "mgsm" / "all_languages.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    found = [language_of(row["question"]) == row["lang"] for row in rows]
    assert len(rows) == 2750
    assert sum(found) / len(found) > 0.995
    shares = [language_share(row["question"], row["lang"]) for row in rows]
    assert sum(share is not None and share > 0.9 for share in shares) / len(shares) > 0.995


@pytest.mark.skipif(not (DATA / "math_benchmarks").is_dir(), reason="needs the data set math_benchmarks (AHA_DATA)")
def test_on_public_chinese_questions_full_of_formulas() -> None:
    lines = (DATA / "math_benchmarks" / "gaokao_math_cloze.jsonl").read_text(encoding="utf-8").splitlines()
    found = [language_of(json.loads(line)["question"]) for line in lines]
    assert set(found) <= {"zh", None}
    assert found.count("zh") / len(found) > 0.95
