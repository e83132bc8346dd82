"""The wordings of knights and knaves: claims, quotes, frames, kinds of people, and the shapes of an answer."""

from __future__ import annotations

from random import Random

from aha.lab.names import invented
from aha.lab.phrases import Language

SAYS: dict[Language, dict[str, list[str]]] = {
    "en": {
        "is": ["{0} is {1}"],
        "not": ["{0} is not {1}"],
        "or": ["{0} is {1} or {2} is {3}", "either {0} is {1} or {2} is {3}"],
        "and": ["{0} is {1} and {2} is {3}"],
        "if": ["if {0} is {1} then {2} is {3}", "if {0} is {1}, {2} is {3}"],
        "iff": ["{0} is {1} if and only if {2} is {3}"],
    },
    "ko": {
        "is": ["{0} {1} 이다"],
        "not": ["{0} {1} 아니다"],
        "or": ["{0} {1} 또는 {2} {3} 이다"],
        "and": ["{0} {1} 그리고 {2} {3} 이다"],
        "if": ["{0} {1} 이면 {2} {3} 이다"],
        "iff": ["{0} {1} 일 때만 {2} {3} 이다"],
    },
    "ru": {
        "is": ["{0} {1}"],
        "not": ["{0} не {1}"],
        "or": ["{0} {1} или {2} {3}"],
        "and": ["{0} {1} и {2} {3}"],
        "if": ["если {0} {1}, то {2} {3}"],
        "iff": ["{0} {1} только если {2} {3}"],
    },
}
"""{0} and {2} are people, {1} and {3} their kinds (English: with the article)."""

JOINTS: dict[Language, dict[str, str]] = {
    "en": {"is": "", "not": "not ", "or": "or ", "and": "and ", "if": "if ", "iff": "iff "},
    "ko": {"is": "", "not": "아닌 ", "or": "또는 ", "and": "그리고 ", "if": "이면 ", "iff": "일 때만 "},
    "ru": {"is": "", "not": "не ", "or": "или ", "and": "и ", "if": "если ", "iff": "только если "},
}
"""The connective, written before its parts when a claim is worked out."""

QUOTES: dict[Language, list[str]] = {
    "en": [
        "{} says {}.",
        "{} says that {}.",
        '{} says, "{}".',
        '{} told us: "{}".',
        "{}: {}.",
        '{} replied "{}."',
        '{} swears: "{}"',
        "{} thinks that {}.",
        'This is what {} says: "{}".',
        'Asked, {} answered "{}".',
        'We heard {} say, "{}".',
        "If you believe {}, {}.",
        'The words of {} were "{}".',
    ],
    "ko": ["{}: {}.", '{}: "{}."'],
    "ru": ["{}: {}."],
}
REVERSED_QUOTES = ['"{}", says {}.', '"{}," {} shouts.', '"{}," {} whispered.', '"{}" is what {} says.']
"""English quotes with the words first."""

FRAMES: dict[Language, list[str]] = {
    "en": [
        "{Many1} tell the truth, {many0} lie. {said} Who is what?",
        "In this town live {many1} and {many0}. Each {one1} is honest, each {one0} is a liar. {said} Who is who?",
        "On an island there are only {many1} and {many0}. The {many1} always tell the truth and the {many0} always "
        "lie. We met {people}. {said} Who is {a1} and who is {a0}?",
        "{People} live in a land of {many1}, who never lie, and {many0}, who never tell the truth. {said} "
        "Which of them is {a1}, and which is {a0}?",
    ],
    "ko": ["{one1} 는 참말, {one0} 는 거짓말을 한다. {said} 누가 무엇인가?"],
    "ru": ["{one1} говорит правду, {one0} лжёт. {said} Кто есть кто?"],
}
"""1: who tells the truth, 0: who lies."""

KINDS: dict[Language, list[tuple[str, str]]] = {
    "en": [
        ("knave", "knight"),
        ("knave", "knight"),
        ("knave", "knight"),
        ("sinner", "saint"),
        ("rogue", "sage"),
        ("cheat", "judge"),
        ("thief", "monk"),
        ("fool", "wizard"),
        ("villain", "hero"),
        ("demon", "angel"),
        ("traitor", "patriot"),
        ("egoist", "idealist"),
        ("actor", "scholar"),
        ("laggard", "leader"),
        ("pirate", "captain"),
        ("goblin", "elf"),
    ],
    "ko": [("악당", "기사"), ("악당", "기사"), ("도둑", "학자")],
    "ru": [("лжец", "рыцарь")],
}
"""(liar, truth-teller)."""

INVENTED_KIND_RATE = 0.15
SENTENCE_RATE = 0.5
"""How often an English question asks for sentences."""

HINTS = [
    '(Answer like this: "{}")',
    'Write it as "{}".',
    'Give the answer in the form "{}"',
]


def kinds(rng: Random, language: Language) -> tuple[str, str]:
    """(liar, truth-teller): mostly known words, in English sometimes new ones."""
    if language == "en" and rng.random() < INVENTED_KIND_RATE:
        pair = (invented(rng), invented(rng))
        return pair if pair[0] != pair[1] else kinds(rng, language)
    return rng.choice(KINDS[language])


def a(word: str, language: Language) -> str:
    """The word with its English article; other languages have none."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}" if language == "en" else word


def many(word: str) -> str:
    """The plural of an English word."""
    if word.endswith("f"):
        return f"{word[:-1]}ves"
    return f"{word}es" if word[-1] in "sxo" or word.endswith(("th", "ch")) else f"{word}s"


def joined(words: list[str]) -> str:
    """English enumeration: `A and B`, `A, B and C`."""
    return f"{', '.join(words[:-1])} and {words[-1]}"


def sentence(names: list[str], said: list[str]) -> str:
    """`Ann is a knight, and Bob is a knave.`"""
    parts = [f"{name} is {what}" for name, what in zip(names, said, strict=True)]
    return f"{', '.join(parts[:-1])}, and {parts[-1]}."


def quoted(rng: Random, language: Language, name: str, words: str) -> str:
    """Somebody's words in one of the ways to quote."""
    if language == "en" and rng.random() < 0.25:
        return rng.choice(REVERSED_QUOTES).format(words, name)
    return rng.choice(QUOTES[language]).format(name, words)


def framed(rng: Random, language: Language, names: list[str], pair: tuple[str, str], said: str) -> str:
    """The whole question without a hint at the answer's shape."""
    liar, honest = pair
    return rng.choice(FRAMES[language]).format(
        said=said,
        one0=liar,
        one1=honest,
        a0=a(liar, language),
        a1=a(honest, language),
        many0=many(liar),
        many1=many(honest),
        Many1=many(honest).capitalize(),
        people=joined(names),
        People=joined(names),
    )


def hint(rng: Random, names: list[str], pair: tuple[str, str]) -> str:
    """What the answer should look like: a sentence with both kinds for everybody."""
    choice = f"{a(pair[1], 'en')}/{pair[0]}" if rng.random() < 0.7 else f"{a(pair[1], 'en')} or {a(pair[0], 'en')}"
    return rng.choice(HINTS).format(sentence(names, [choice] * len(names)).rstrip("."))
