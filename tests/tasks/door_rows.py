"""Rows made by hand in the shape of each benchmark's file; no text of theirs."""

from __future__ import annotations

from typing import Any

from aha.tasks.doors import DOORS
from tests.tasks import program_rows

Rows = list[dict[str, Any]]


def gsm8k() -> Rows:
    return [
        {"question": "Ann has 3 pens and buys 4. How many?", "answer": "3 + 4 = <<3+4=7>>7\n#### 7"},
        {"question": "A car costs $1,200 and a tent $30. Together?", "answer": "Add them.\n#### 1,230"},
        {"question": "It was 2 degrees and fell by 5. How cold is it?", "answer": "#### -3"},
    ]


def asdiv() -> Rows:
    told = [("Ann has 3 pens.", "How many after 4 more?", "7 (pens)"), ("A match ended 9 to 6.", "Ratio?", "3:2")]
    told += [("Bo ran 2 km, Cy 3 km.", "Who ran further?", "Cy"), ("A cake in 7 parts, 3 eaten.", "How much?", "3/7")]
    told += [("School starts an hour before noon.", "When?", "11:00 a.m.")]
    return [
        {"idx": i, "body": body, "question": asked, "solution_type": "Sum", "answer": answer, "formula": ""}
        for i, (body, asked, answer) in enumerate(told)
    ]


def svamp() -> Rows:
    return [
        {"idx": i, "ID": f"chal-{i}", "Body": "Ann has pens.", "Question": f"{i}?", "Answer": value, "Type": "Sum"}
        for i, value in enumerate((7.0, 12.5, -3.0))
    ]


def cmath() -> Rows:
    told = [
        ("小红有三支笔，又买了四支，一共几支？", "7"),
        ("一半的一半是多少？", "1/4"),
        ("每支2.5元，一支多少元？", "2.5"),
    ]
    return [
        {"grade": i + 1, "question": asked, "answer": answer, "reasoning_step": 1, "num_digits": 1}
        for i, (asked, answer) in enumerate(told)
    ]


def mgsm(language: str) -> Rows:
    mine = [{"lang": language, "index": i, "question": f"{i} + 1000?", "answer": f"1,00{i}"} for i in range(3)]
    return [{"lang": "ko", "index": 0, "question": "?", "answer": "1"}, *mine]


def math() -> Rows:
    answers = ("\\frac{3}{4}", "(2, 5)", "x^2 - 1", "\\{1, 2\\}")
    return [
        {
            "problem": f"Find number {i}.", "level": f"Level {i + 1}", "type": "Algebra", "idx": i,
            "solution": f"First $\\boxed{{0}}$ is not it. So it is $\\boxed{{{answer}}}$.",
        }
        for i, answer in enumerate(answers)
    ]  # fmt: skip


def rated() -> Rows:
    answers = ("17", "\\frac{2}{3}", "(3, -1)", "\\sqrt{2} + 1")
    return [
        {"problem": f"Find number {i}.", "solution": "…", "answer": a, "difficulty": 2.5, "type": "Algebra"}
        for i, a in enumerate(answers)
    ]


def math500() -> Rows:
    return [
        {
            "problem": f"Find number {i}.", "solution": "…", "answer": answer, "subject": "Algebra", "level": i + 1,
            "unique_id": f"test/algebra/{i}.json",
        }
        for i, answer in enumerate(("\\left(3, \\frac{\\pi}{2}\\right)", "p - q", "14", "[-2, 7]"))
    ]  # fmt: skip


def aime24() -> Rows:
    return [
        {"id": 60 + i, "problem": f"Find $m+n$, number {i}.", "solution": "…", "answer": answer, "url": ""}
        for i, answer in enumerate(("025", "204", "7"))
    ]


def amc23() -> Rows:
    return [
        {"id": i, "problem": f"Find number {i}.", "answer": value, "url": "", "question": "…"}
        for i, value in enumerate((27.0, -1.0, 3159.0))
    ]


def olympiadbench() -> Rows:
    answers = ("$\\frac{n}{2 n+2}$", "$(1,2),(2,1)$", "$[0, \\infty)$", "1,3,5")
    return [
        {
            "id": 1600 + i, "subfield": "Algebra", "context": None, "question": f"Determine number {i}.",
            "solution": ["…"], "final_answer": [answer], "is_multiple_answer": False, "unit": None,
            "answer_type": "Expression", "error": None,
        }
        for i, answer in enumerate(answers)
    ]  # fmt: skip


def minerva() -> Rows:
    answers = ("4.5e3", "\\frac{m v^{2}}{2}", "-2+2 \\sqrt{3} i", "0.49")
    return [
        {"problem": f"Compute number {i}.", "solution": f"It is \\boxed{{{a}}}.", "type": "Physics", "idx": i}
        for i, a in enumerate(answers)
    ]


def plain(*answers: str) -> Rows:
    return [{"question": f"Find number {i}.", "answer": answer} for i, answer in enumerate(answers)]


def letter_first() -> Rows:
    told = (("C", "2.5"), ("", "\\frac{1}{6}"), ("A", "3<x<4"), ("", "x=9"))
    return [
        {"idx": i, "question": f"第{i}题 A. 1 B. 2 C. 2.5 D. 4", "answer": answer, "choice_answer": letter}
        for i, (letter, answer) in enumerate(told)
    ]


def carp() -> Rows:
    answers = ("- 3", "y = 2 x + 1", "x \\ge \\frac { 1 } { 2 }", "x \\neq 5")
    return [
        {"content": f"Fill in ____, number {i}.", "answer": answer, "steps": "…", "edges": {}}
        for i, answer in enumerate(answers)
    ]


def aqua() -> Rows:
    options = ["A)$61", "B)2:3", "C)none (of these)", "D)x)", "E)5"]
    return [
        {"question": f"Which one, {letter}?", "options": options, "rationale": "…", "correct": letter}
        for letter in "EAC"
    ]


def sat() -> Rows:
    return [
        {"id": str(i), "question": "Which one?", "options": "A) 1 B) 2 C) $x$ D) 10 and -10", "Answer": letter}
        for i, letter in enumerate("BDA")
    ]


def mmlu() -> Rows:
    return [
        {"question": f"Why {i}?", "type": "astronomy", "choices": ["so", "thus", "hence", "because"], "answer": i}
        for i in range(4)
    ]


def gaokao_qa() -> Rows:
    options = {"A": "$-1$", "B": "1", "C": "无解", "D": "3"}
    return [
        {"passage": None, "question": f"第{i}题", "options": options, "label": label, "answer": None, "other": {}}
        for i, label in enumerate(("C", "A B D", "CD", "A"))
    ]


def cruxeval() -> Rows:
    calls = (("[1, 2]", "([1, 2],)"), ("'a', 3", "('a', 3)"), ("{1: None}, -2.5", "({1: None}, -2.5)"))
    return [
        {"id": f"sample_{i}", "code": "def f(*all):\n    return all", "input": given, "output": made}
        for i, (given, made) in enumerate(calls)
    ]


def knights(people: int) -> Rows:
    """Puzzle i: person i is the one knight, and everybody else calls that person a liar."""
    names = ["Ada", "Ben", "Cleo", "Dan", "Eva", "Finn"][:people]
    return [
        {
            "n": people, "index": knight, "names": names, "solution": [place == knight for place in range(people)],
            "quiz": f"An island, number {knight}. You meet {', '.join(names)}. So who is a knight?",
            "solution_text": ", ".join(f"{n} is a {'knight' if p == knight else 'knave'}" for p, n in enumerate(names)),
            "statements": str(tuple(("telling-truth" if p == knight else "lying", knight) for p in range(people))),
        }
        for knight in range(3)
    ]  # fmt: skip


def game24(first: int = 1) -> Rows:
    numbers = ([1, 2, 3, 4], [3, 3, 8, 8], [4, 4, 10, 10], [2, 3, 4, 12])
    return [{"rank": first + i, "numbers": each, "solved_rate": "90.00%"} for i, each in enumerate(numbers)]


def ifeval() -> Rows:
    """`response` is no column of theirs; the door does not read it."""
    told: list[tuple[list[str], list[dict[str, Any]], str]] = [
        (["punctuation:no_comma", "keywords:existence"], [{}, {"keywords": ["sun", "rain"]}], "First rain. Then sun."),
        (["detectable_format:title"], [{}], "<<A title>>\nAnd a text, with a comma."),
        (["keywords:frequency"], [{"keyword": "tea", "frequency": 2, "relation": "at least"}], "Tea, and again tea."),
    ]
    return [
        {
            "key": 1000 + i,
            "prompt": f"Write, number {i}.",
            "instruction_id_list": names,
            "kwargs": kwargs,
            "response": text,
        }
        for i, (names, kwargs, text) in enumerate(told)
    ]


def m_ifeval(language: str) -> Rows:
    """The last row asks for what IFEval does not have."""
    relation = {"es": "como máximo", "fr": "moins de", "ja": "未満"}[language]
    told: list[tuple[list[str], dict[str, Any], str]] = [
        (
            ["keywords:frequency"],
            {"keyword": "té", "frequency": 1, "relation": relation},
            "Un té." if language == "es" else "–",
        ),
        (["detectable_content:number_placeholders"], {"num_placeholders": 2, "relation": "al menos"}, "[a] té té [b]"),
        (["keywords:existence"], {"keywords": ["sol", "mar"]}, "Sol y mar: té, té."),
        (["special_character:tildes"], {"num_words": 3}, ""),
    ]
    return [
        {
            "key": i, "prompt": f"Número {i}.", "instruction_id_list": [f"{language}:{name}" for name in names],
            "kwargs": [given], "response": text,
        }
        for i, (names, given, text) in enumerate(told)
    ]  # fmt: skip


EXAMS = ("C", "$\\frac{1+\\sqrt{2}}{2}$", "$[2,+\\infty)$", "36")
ROWS: dict[str, Rows] = {
    "gsm8k": gsm8k(),
    "gsm8k-train": gsm8k(),
    "asdiv": asdiv(),
    "svamp": svamp(),
    "cmath": cmath(),
    **{name: mgsm(name.removeprefix("mgsm-")) for name in DOORS if name.startswith("mgsm-")},
    "math": math(),
    "math-train": rated(),
    "math500": math500(),
    "aime24": aime24(),
    "aime_1983_2023": rated(),
    "amc23": amc23(),
    "minerva_math": minerva(),
    "olympiadbench": olympiadbench(),
    "college_math": plain("$x=-1,0,1$", "No solution", "$(\\sqrt{2}+\\sqrt{6}) / 2$", "$\\pm 3$"),
    "gaokao2023en": plain(*EXAMS),
    "gaokao2024_I": plain("B", "ACD", "1/2", "ln2"),
    "gaokao2024_II": plain("B", "ACD", "95", "\\frac{-2\\sqrt{2}}{3}"),
    "gaokao2024_mix": letter_first(),
    "gaokao_math_cloze": plain("$90^{\\circ}$", "$-\\frac{1}{2}$", "1;$\\frac{8}{9}$", "$\\sqrt{3}$"),
    "cn_middle_school": letter_first(),
    "carp_en": carp(),
    "aqua": aqua(),
    "sat_math": sat(),
    "mmlu_stem": mmlu(),
    "gaokao_math_qa": gaokao_qa(),
    "humaneval": program_rows.humaneval(),
    "mbpp": program_rows.mbpp(11),
    "mbpp-train": program_rows.mbpp(601),
    "mbxp-python": program_rows.humaneval(),
    **{f"mbxp-{language}": program_rows.mbxp(language) for language in program_rows.HEADS},
    "livecodebench": program_rows.livecodebench(),
    "livecodebench-r1": program_rows.livecodebench(),
    "code_contests": program_rows.code_contests(),
    "cruxeval-output": cruxeval(),
    "cruxeval-input": cruxeval(),
    **{f"knights_knaves-{n}": knights(n) for n in (3, 4, 5, 6)},
    **{f"knights_knaves-{n}-train": knights(n) for n in (3, 5)},
    "game24": game24(),
    "game24-hard": game24(900)[:1] + game24(901),
    "ifeval": ifeval(),
    **{f"m_ifeval-{language}": m_ifeval(language) for language in ("es", "fr", "ja")},
}
"""Door → rows; the answers of any two differ."""
