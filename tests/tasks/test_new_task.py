"""The file in docs/new_task.md is a task, a reward and a verifier."""

import re
from pathlib import Path

from aha.rewards import custom_call
from aha.rewards.custom import call
from aha.tasks.base import validate
from aha.tasks.plugin import plugin_task
from tests.tasks.fakes import InlinePool

PAGE = Path(__file__).parents[2] / "docs" / "new_task.md"


def test_the_example_works(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code
    file = tmp_path / "my_task.py"
    file.write_text(code[1], encoding="utf-8")
    task = plugin_task(f"{file}:sums?size=40&split=train")
    validate(task, 10, InlinePool())
    assert plugin_task(f"{file}:sums?size=200&split=heldout").problems()
    even = {"name": f"{file}:even", "least": 2}
    assert plugin_task(f"{file}:sums", size=3, verifier=even).problems()[0].verifier.arguments["least"] == 2
    _, sent = custom_call(f"{file}:brief", task.problems()[0], ["", "a" * 400], [[1], [2]], {})
    assert call(**sent) == {"points": [1.0, 0.0]}
