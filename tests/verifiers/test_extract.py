"""Where the answer of a response stands, by each rule; the thoughts and what is cut off never hold it."""

import pytest

from aha.verifiers.base import MAX_ANSWER_CHARS, NoAnswerError, OverLimitsError, SeveralAnswersError, extract


@pytest.mark.parametrize(
    ("rule", "response", "answer"),
    [
        ("boxed", "<think>\\boxed{1}</think> \\boxed{2} or rather \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ("boxed", "\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"),
        ("boxed", "\\fbox{3} and \\framebox{4}", "4"),
        ("answer_tag", "<think><answer>1</answer></think><answer> 2 </answer>", "2"),
        ("auto", "<answer>2</answer>", "2"),
        ("auto", "so \\boxed{3}", "3"),
        ("auto", "It is 4", "It is 4"),
        ("last_line", "one\ntwo\n", "two"),
        ("hashes", "3 + 4 = 7\n#### 7", "7"),
        ("hashes", "#### 6\nno,\n#### 7\nbye", "7"),
        ("answer_is", "First 3. The answer is 7. That is all.", "7"),
        ("answer_is", "The answer is 6.5 m. So the final Answer: **7.5**", "7.5"),
        ("answer_is", "2 + 2\nA: 4", "4"),
        ("answer_is", "答案是 7。", "7"),
        ("answer_is", "정답은 7이다", "7이다"),
        ("last_number", "3 then -1,234.5 apples", "-1,234.5"),
    ],
)
def test_answer_is_found(rule: str, response: str, answer: str) -> None:
    assert extract(response, rule) == answer


@pytest.mark.parametrize(
    ("rule", "response"),
    [
        *(("boxed", text) for text in ("7", "\\boxed{}", "\\boxed{7} \\boxed{ }", "\\boxed{7} \\boxed{8", "\\boxed")),
        *((rule, "<think>7 \\boxed{7} #### 7 answer is 7") for rule in ("boxed", "auto", "hashes", "answer_is")),
        *((rule, "<think>#### 7\nanswer is 7</think> Bye") for rule in ("boxed", "hashes", "answer_is", "answer_tag")),
        ("auto", "<answer>7"),
        ("answer_tag", "<answer></answer>"),
        ("hashes", "7 ####"),
        ("answer_is", "The answer is"),
        ("last_number", "none"),
    ],
)
def test_no_answer_is_made_up(rule: str, response: str) -> None:
    with pytest.raises(NoAnswerError):
        extract(response, rule)


def test_two_blocks_and_long_answers_are_refused() -> None:
    with pytest.raises(SeveralAnswersError):
        extract("<answer>1</answer><answer>2</answer>", "auto")
    with pytest.raises(OverLimitsError):
        extract("\\boxed{" + "1" * (MAX_ANSWER_CHARS + 1) + "}", "boxed")


def test_tag_or_box_never_falls_back_to_the_whole_text() -> None:
    assert extract("<think>\\boxed{1}</think> so \\boxed{2}, \\boxed{3}", "tag_or_box") == "3"
    assert extract("<think>1</think> <answer>4</answer> \\boxed{5}", "tag_or_box") == "4"
    with pytest.raises(NoAnswerError):
        extract("<think>1</think> It is 6", "tag_or_box")
