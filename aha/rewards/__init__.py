"""Named graders that turn a response and its verdict into points. Torch-free."""

from aha.rewards.builtin import BUILT_IN, grade
from aha.rewards.combine import combine
from aha.rewards.custom import custom_call, read_points
from aha.rewards.written import Written

__all__ = ["BUILT_IN", "Written", "combine", "custom_call", "grade", "read_points"]
