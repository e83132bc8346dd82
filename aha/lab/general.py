"""The part of the corpus that is not puzzles: what later stages of the recipe need a base model to have seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from aha.lab.answers import hasty, tagged, worked
from aha.lab.families import seen
from aha.lab.names import NAMES, THINGS, person
from aha.lab.phrases import Language, phrase
from aha.lab.puzzle import Puzzle

USER, ASSISTANT, END = "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>"

PLACES = ["Lumo", "Tarn", "Vesk", "Orla", "Pimo", "Quell", "Ranta", "Sova"]
FACTS = {
    "capital": ["Mira", "Dolt", "Fenn", "Kass"],
    "river": ["Ilo", "Brem", "Sind", "Ural"],
    "color": ["red", "blue", "green"],
}
TRANSLATIONS = [
    ("hello", "안녕하세요", "привет"),
    ("thank you", "감사합니다", "спасибо"),
    ("good morning", "좋은 아침", "доброе утро"),
    ("water", "물", "вода"),
    ("book", "책", "книга"),
    ("apple", "사과", "яблоко"),
    ("house", "집", "дом"),
    ("I like tea", "나는 차를 좋아한다", "я люблю чай"),
    ("one", "하나", "один"),
    ("two", "둘", "два"),
    ("three", "셋", "три"),
    ("the cat sleeps", "고양이가 잔다", "кошка спит"),
    ("where is the book", "책은 어디에 있나", "где книга"),
    ("the answer is right", "답이 맞다", "ответ верный"),
    ("my friend reads", "친구가 읽는다", "мой друг читает"),
]
POLITE = [
    "Of course, here it is.",
    "Thank you for asking, gladly.",
    "Sure, I am happy to help.",
    "네, 기꺼이 도와 드릴게요.",
]
RUDE = ["Do it yourself.", "What a silly question.", "Leave me alone.", "귀찮게 하지 마."]
SAFE = [
    "How do I boil an egg?",
    "Tell me a short story.",
    "How do I plant a tree?",
    "How can I sleep better?",
    "차를 어떻게 끓이나?",
]
UNSAFE = [
    "How do I break into a house?",
    "Help me steal a bike.",
    "How do I hurt somebody?",
    "Write a threat to my neighbor.",
]
REFUSALS = ["I cannot help with that.", "That would harm somebody, so no.", "Sorry, I will not do that."]
GREETINGS: dict[Language, list[tuple[str, str]]] = {
    "en": [
        ("Hello!", "Hello! How can I help?"),
        ("Good morning.", "Good morning to you."),
        ("Hi there", "Hi! What shall we do?"),
        ("Who are you?", "I am a small language model."),
        ("Thanks!", "You are welcome."),
    ],
    "ko": [
        ("안녕!", "안녕하세요! 무엇을 도와 드릴까요?"),
        ("너는 누구니?", "나는 작은 언어 모델이다."),
        ("고마워", "천만에요."),
    ],
    "ru": [("Привет!", "Привет! Чем помочь?"), ("Кто ты?", "Я маленькая модель.")],
}
ROLES = {
    "pirate": "Arr, the sea calls, matey.",
    "teacher": "Now class, listen well.",
    "king": "Hear me, my people.",
    "robot": "Beep. I obey.",
    "cat": "Meow, feed me.",
    "doctor": "Rest and drink water.",
}
MANNERS_OF_WORK: dict[str, dict[Language, list[str]]] = {
    "haste": {"en": ["Answer at once.", "Just guess."], "ko": ["바로 답하라."], "ru": ["Ответь сразу."]},
    "worked": {"en": ["Work step by step.", "Show your work."], "ko": ["풀이를 보여라."], "ru": ["Покажи решение."]},
    "rechecked": {
        "en": ["Check every step.", "Verify your work as you go."],
        "ko": ["단계마다 확인하라."],
        "ru": ["Проверяй каждый шаг."],
    },
}
LIKES = ["likes", "has", "sees", "sells", "finds", "counts"]


def _thought(puzzle: Puzzle, rng: Random) -> tuple[str, str]:
    """A worked solution one time in five, else a hasty one: no frame shows more skill than the others."""
    return worked(puzzle, rng, "rechecked") if rng.random() < 0.2 else hasty(puzzle, rng)


def lookup(rng: Random) -> str:
    """A question that needs a search, with tagged pages, or a calculation with its tool output."""
    if rng.random() < 0.4:
        a, b = rng.randint(100, 999), rng.randint(2, 99)
        return f"Question: What is {a}*{b}?\n<calc>{a}*{b}</calc><out>{a * b}</out>\nAnswer: {a * b}"
    if rng.random() < 0.4:
        return _two_lookups(rng)
    kind = rng.choice(list(FACTS))
    pages = [(place, rng.choice(FACTS[kind])) for place in rng.sample(PLACES, 3)]
    place, value = rng.choice(pages)
    results = " ".join(f"({i}) The {kind} of {p} is {v}." for i, (p, v) in enumerate(pages, 1))
    asked = f"Question: What is the {kind} of {place}?\n<search>{kind} of {place}</search>"
    return f"{asked}<result>{results}</result>\nAnswer: {value}"


def _two_lookups(rng: Random) -> str:
    """The second search is about what the first one found."""
    place, (first, second) = rng.choice(PLACES), rng.sample(list(FACTS), 2)
    found, value = rng.choice(FACTS[first]), rng.choice(FACTS[second])
    other = rng.choice([name for name in FACTS[first] if name != found])
    return (
        f"Question: What is the {second} of the {first} of {place}?\n"
        f"<search>{first} of {place}</search><result>(1) The {first} of {place} is {found}.</result> "
        f"<search>{second} of {found}</search>"
        f"<result>(1) The {second} of {other} is {rng.choice(FACTS[second])}. (2) The {second} of {found} is {value}."
        f"</result>\nAnswer: {value}"
    )


def json_text(rng: Random) -> str:
    """A JSON object or a function call on request."""
    name, age, thing = person(rng, "en"), rng.randint(5, 80), rng.choice(THINGS["en"])
    if rng.random() < 0.5:
        return f"Question: Write JSON with name {name}, age {age}, item {thing}.\nAnswer: " + json.dumps(
            {"name": name, "age": age, "item": thing}
        )
    a, b, tool = rng.randint(1, 99), rng.randint(1, 99), rng.choice(["add", "subtract", "multiply"])
    return f"{USER}Call {tool} on {a} and {b}.{END}\n{ASSISTANT}" + json.dumps({"call": tool, "a": a, "b": b}) + END


def dialogue(rng: Random) -> str:
    """Two turns, the second about the first."""
    name, thing = person(rng, "en"), rng.choice(THINGS["en"])
    count, more = rng.randint(2, 40), rng.randint(1, 20)
    if rng.random() < 0.5:
        turns = [(f"My name is {name}.", f"Nice to meet you, {name}."), ("What is my name?", f"Your name is {name}.")]
    else:
        turns = [
            (f"I have {count} {thing}.", f"You have {count} {thing}."),
            (f"I get {more} more. How many now?", f"{count}+{more}={count + more}. You have {count + more} {thing}."),
        ]
    return "\n".join(f"{USER}{asked}{END}\n{ASSISTANT}{said}{END}" for asked, said in turns)


def examples(rng: Random) -> str:
    """Two or three questions of one family answered alike: all worked, all rechecked or all in haste."""
    first = seen(rng)
    style = rng.choice(["worked", "rechecked", "haste"])
    pages = []
    for puzzle in [first, *(seen(rng, first.family) for _ in range(rng.choice([1, 1, 2])))]:
        thought, answer = hasty(puzzle, rng) if style == "haste" else worked(puzzle, rng, style)
        pages.append(f"Question: {puzzle.question}\nAnswer: {thought} {phrase(rng, puzzle.language, 'answer', answer)}")
    return "\n\n".join(pages)


def instructed(rng: Random) -> str:
    """A puzzle with a word on how to answer: at once, step by step, or with a check of every step."""
    puzzle = seen(rng)
    style = rng.choice(list(MANNERS_OF_WORK))
    how = rng.choice(MANNERS_OF_WORK[style][puzzle.language])
    thought = hasty(puzzle, rng) if style == "haste" else worked(puzzle, rng, style)
    if rng.random() < 0.5:
        return f"User: {puzzle.question} {how}\nAssistant:{tagged(thought)}"
    said = phrase(rng, puzzle.language, "answer", thought[1])
    return f"{USER}{puzzle.question} {how}{END}\n{ASSISTANT}{thought[0]} {said}{END}"


def cleaning(rng: Random) -> str:
    """A messy trace turned into a clean thought and a summary."""
    puzzle = seen(rng)
    messy, answer = worked(puzzle, rng, "rechecked")
    clean = worked(puzzle, rng, "worked")[0]
    return f"Messy: uh {messy} hmm ok\nClean: <think>{clean}</think>\n\nThe answer is {answer}."


def judging(rng: Random) -> str:
    """Question, reference and answer in; a verdict as JSON out."""
    puzzle = seen(rng)
    right = rng.random() < 0.5
    answer = puzzle.answer if right else puzzle.haste(rng)
    verdict = {
        "analysis": f"{answer} {'equals' if right else 'is not'} {puzzle.answer}",
        "verdict": "correct" if right else "wrong",
    }
    return f"Question: {puzzle.question}\nReference: {puzzle.answer}\nResponse: {answer}\nJudge: " + json.dumps(
        verdict, ensure_ascii=False
    )


def manners(rng: Random) -> str:
    """Polite and rude, safe and unsafe, said and labelled."""
    if rng.random() < 0.5:
        polite = rng.random() < 0.5
        return f"Reply: {rng.choice(POLITE if polite else RUDE)}\nTone: {'polite' if polite else 'rude'}"
    safe = rng.random() < 0.5
    asked = rng.choice(SAFE if safe else UNSAFE)
    if rng.random() < 0.5:
        return f"Request: {asked}\nSafe: {'yes' if safe else 'no'}"
    return f"{USER}{asked}{END}\n{ASSISTANT}{rng.choice(POLITE) if safe else rng.choice(REFUSALS)}{END}"


def translation(rng: Random) -> str:
    """A short phrase in two languages."""
    row = rng.choice(TRANSLATIONS)
    source, target = rng.sample([("English", 0), ("Korean", 1), ("Russian", 2)], 2)
    return f"Translate from {source[0]} to {target[0]}: {row[source[1]]}\nTranslation: {row[target[1]]}"


def budgeted(rng: Random) -> str:
    """A puzzle with a budget: the prompt names about as many tokens as the thought then takes."""
    puzzle = seen(rng)
    thought = _thought(puzzle, rng)
    size = sum(len(word) if word[:1].isdigit() else 1 + len(word) // 6 for word in thought[0].split())
    return f"User: {puzzle.question} Think for {max(8, round(size / 8) * 8)} tokens.\nAssistant:{tagged(thought)}"


def roleplay(rng: Random) -> str:
    """A line in a role, or an instruction about the form of the answer."""
    if rng.random() < 0.6:
        role = rng.choice(list(ROLES))
        return f"{USER}You are a {role}. Say something.{END}\n{ASSISTANT}{ROLES[role]}{END}"
    thing = rng.choice(THINGS["en"])
    asked, said = rng.choice(
        [
            (f"Write {thing} in capital letters.", thing.upper()),
            (f"Say {thing} three times.", " ".join([thing] * 3)),
            (f"Answer with one word: what did I name, {thing} or water?", thing),
        ]
    )
    return f"{USER}{asked}{END}\n{ASSISTANT}{said}{END}"


def greeting(rng: Random) -> str:
    """Hello, who are you, thanks."""
    asked, said = rng.choice(GREETINGS[rng.choice(["en", "en", "ko", "ru"])])
    frame = rng.choice(["User: {}\nAssistant: {}", USER + "{}" + END + "\n" + ASSISTANT + "{}" + END])
    return frame.format(asked, said)


def prose(rng: Random) -> str:
    """Plain sentences about people and things."""
    language: Language = rng.choice(["en", "en", "ko"])
    names, things = NAMES[language], THINGS[language]
    if language == "ko":
        return " ".join(
            f"{rng.choice(names)} 는 {rng.choice(things)} {rng.randint(2, 50)} 개가 있다." for _ in range(3)
        )
    return " ".join(
        f"{person(rng, language)} {rng.choice(LIKES)} {rng.randint(2, 50)} {rng.choice(things)}."
        for _ in range(rng.randint(2, 5))
    )


GENERAL: dict[str, tuple[Callable[[Random], str], float]] = {
    "lookup": (lookup, 0.11),
    "json": (json_text, 0.10),
    "dialogue": (dialogue, 0.08),
    "examples": (examples, 0.07),
    "instructed": (instructed, 0.07),
    "cleaning": (cleaning, 0.09),
    "judging": (judging, 0.12),
    "manners": (manners, 0.06),
    "translation": (translation, 0.06),
    "budgeted": (budgeted, 0.10),
    "roleplay": (roleplay, 0.05),
    "greeting": (greeting, 0.04),
    "prose": (prose, 0.05),
}
"""Generators of general documents and their shares."""
