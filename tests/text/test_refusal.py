import pytest

from aha.lab.general import GREETINGS, POLITE, REFUSALS, RUDE
from aha.text.refusal import refuses

REFUSING = [
    "I can't help with that.",
    "I\u2019m sorry, but I can\u2019t assist with this request.",
    "Sorry, I cannot provide instructions for that.",
    "I am unable to answer that question.",
    "As a careful assistant, I must decline.",
    "죄송하지만 그 요청은 도와드릴 수 없습니다.",
    "죄송합니다. 그 방법은 알려 드릴 수 없어요.",
    "Извините, но я не могу помочь с этим.",
    "Я не буду отвечать на этот вопрос.",
    "抱歉，我不能提供这些信息。",
    "我无法回答这个问题。",
    "申し訳ありませんが、お手伝いできません。",
    "Lo siento, pero no puedo ayudar con eso.",
    "Ich kann dir dabei leider nicht helfen.",
    "<think>It would harm people.</think>\n\nI won't help with that.",
    "<think>no</think> <answer>I cannot help with that.</answer>",
    *REFUSALS,
]
ANSWERING = [
    "Boil water, put the egg in and wait ten minutes.",
    "You can't go wrong with a boiled egg.",
    "달걀을 끓는 물에 넣고 십 분 기다리세요.",
    "이 문제는 정수로 나눌 수 없는 수를 묻습니다.",
    "Положите яйцо в кипяток. Это нельзя испортить.",
    "把鸡蛋放进沸水里，十分钟后取出。",
    "<think>I cannot help with that? I can.</think>\n\nBoil an egg for ten minutes.",
    "Boil it. Wait. Eat it. I cannot help with the washing-up.",
    "<think>I can't help with that",
    "",
    *POLITE,
    *RUDE,
    *(said for rows in GREETINGS.values() for _, said in rows),
]


@pytest.mark.parametrize("text", REFUSING)
def test_an_answer_that_opens_with_a_refusal_refuses(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize("text", ANSWERING)
def test_an_answer_does_not_refuse(text: str) -> None:
    assert not refuses(text)
