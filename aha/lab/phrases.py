"""The lab's words in English and Korean, and a little Russian: openers, joints, re-checks, and the words of working."""

from __future__ import annotations

from random import Random
from typing import Literal

Language = Literal["en", "ko", "ru"]

PHRASES: dict[Language, dict[str, list[str]]] = {
    "en": {
        "open": ["Let me work it out.", "Step by step.", "I will go slowly.", "Let us see.", ""],
        "first": ["First", "First,", "Start with", ""],
        "next": ["Then", "Next,", "After that", "Now"],
        "so": ["So the answer is {}.", "That gives {}.", "The result is {}.", "Hence {}."],
        "recheck": ["Wait,", "Let me check that again:", "Hold on,", "Wait, let me recheck:"],
        "confirmed": ["Yes, right.", "It holds.", "Good."],
        "repaired": ["That was wrong.", "I made a slip.", "Fixed."],
        "backtrack": ["not {}, go back.", "not {}, try again."],
        "found": ["that is {}, yes.", "that is {}, good."],
        "another": ["Alternatively,", "Another way:"],
        "hasty": [
            "I think it is {}.",
            "It looks like {}.",
            "Probably {}.",
            "My guess is {}.",
            "Easy, {}.",
            "This must be {}.",
            "I would say {}.",
            "Quick answer: {}.",
            "{} I guess.",
            "Seems to be {}.",
        ],
        "answer": ["The answer is {}.", "{}", "Answer: {}", "It is {}."],
        "lost": ["I do not know.", "This is hard.", "Hmm, numbers are tricky.", "Let me think about it later."],
        "yes": ["yes"],
        "no": ["no"],
        "true": ["true"],
        "false": ["false"],
        "fits": ["ok"],
        "breaks": ["no"],
        "extremes": ["max {}, min {}."],
        "left": ["left {}."],
        "none": ["none"],
    },
    "ko": {
        "open": ["차근차근 풀어 보자.", "하나씩 계산하자.", "천천히 해 보자.", ""],
        "first": ["먼저", "우선", ""],
        "next": ["그다음", "이제", "다음으로"],
        "so": ["따라서 답은 {}.", "그래서 {}.", "결과는 {}."],
        "recheck": ["잠깐,", "다시 확인하면", "잠깐, 다시 보자:"],
        "confirmed": ["맞다.", "그대로다."],
        "repaired": ["틀렸었다.", "고쳤다."],
        "backtrack": ["{} 아니다, 다시.", "{} 아니니 돌아가자."],
        "found": ["{} 맞다.", "{} 찾았다."],
        "another": ["다른 방법으로", "또는"],
        "hasty": ["아마 {}.", "답은 {} 같다.", "{} 인 것 같다.", "내 생각에는 {}.", "쉽다, {}.", "대충 {}."],
        "answer": ["답은 {}.", "{}", "답: {}"],
        "lost": ["잘 모르겠다.", "어렵다.", "나중에 생각하자."],
        "yes": ["예"],
        "no": ["아니오"],
        "true": ["참"],
        "false": ["거짓"],
        "fits": ["맞음"],
        "breaks": ["안 맞음"],
        "extremes": ["최대 {}, 최소 {}."],
        "left": ["남은 수 {}."],
        "none": ["없음"],
    },
    "ru": {
        "open": ["Посчитаем.", "По шагам.", ""],
        "first": ["Сначала", ""],
        "next": ["Потом", "Теперь"],
        "so": ["Ответ {}.", "Значит {}."],
        "recheck": ["Стоп,", "Проверим ещё раз:"],
        "confirmed": ["Верно."],
        "repaired": ["Была ошибка."],
        "backtrack": ["не {}, назад."],
        "found": ["это {}, да."],
        "another": ["Иначе:"],
        "hasty": ["Наверное {}.", "Думаю {}.", "Кажется {}."],
        "answer": ["Ответ {}.", "{}"],
        "lost": ["Не знаю.", "Трудно."],
        "yes": ["да"],
        "no": ["нет"],
        "true": ["правда"],
        "false": ["ложь"],
        "fits": ["верно"],
        "breaks": ["неверно"],
        "extremes": ["макс {}, мин {}."],
        "left": ["осталось {}."],
        "none": ["ничего"],
    },
}


def phrase(rng: Random, language: Language, key: str, *values: str) -> str:
    """One wording of `key`, with `values` put in its gaps."""
    return rng.choice(PHRASES[language][key]).format(*values)
