"""Words that have a meaning in an answer: functions, letters, numbers, phrases."""

from __future__ import annotations

FUNCTIONS = {
    **{name: name for name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth")},
    **{name: name for name in ("arcsin", "arccos", "arctan", "arccot", "ln", "log", "sqrt", "exp", "gcd", "lcm")},
    **{name: name for name in ("min", "max", "det", "Re", "Im", "arg", "floor", "ceil", "abs", "sgn", "sech", "csch")},
    **{name: name for name in ("arcsinh", "arccosh", "arctanh")},
    **{"asin": "arcsin", "acos": "arccos", "atan": "arctan", "tg": "tan", "ctg": "cot", "arctg": "arctan"},
    **{"lg": "log", "cbrt": "cbrt", "cosec": "csc", "binom": "binom", "cis": "cis"},
}
INVERSES = {"sin": "arcsin", "cos": "arccos", "tan": "arctan", "cot": "arccot"}
UNKNOWN_FUNCTIONS = frozenset("fgFG")
"""Letters that are functions when a bracket follows; other letters are factors."""

GREEK = frozenset(
    (
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
        *("nu", "xi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
        *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega", "ell", "hbar"),
    )
)
GREEK_LETTERS = dict(
    zip(
        "αβγδεζηθικλμνξρστυφχψωΓΔΘΛΞΠΣΦΨΩ",
        (
            *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
            *("nu", "xi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
            *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"),
        ),
        strict=True,
    )
)
DECORATIONS = frozenset(
    {"vec", "hat", "bar", "overline", "tilde", "dot", "mathbf", "boldsymbol", "bm", "widehat", "ddot", "overrightarrow"}
    | {"mathcal", "mathbb", "underline", "mathrm", "text", "textbf", "displaystyle", "boxed", "fbox", "widetilde"}
)
"""Commands around a name that do not change what it names."""

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
NUMBER_WORDS = {
    **{word: number for number, word in enumerate(_ONES)},
    **{word: 10 * number for number, word in enumerate(_TENS, 2)},
    **{
        f"{tens}{gap}{one}": 10 * number + digit
        for number, tens in enumerate(_TENS, 2)
        for digit, one in enumerate(_ONES[:10])
        for gap in ("-", " ")
        if digit
    },
    **{"hundred": 100, "one hundred": 100, "thousand": 1000, "one thousand": 1000, "one million": 10**6},
}
SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
SCALES |= {"만": 10**4, "억": 10**8, "万": 10**4, "亿": 10**8}

NO_SOLUTION = frozenset(
    (
        *("no solution", "no solutions", "no real solution", "no real solutions", "empty set", "no such value"),
        *("there is no solution", "there are no solutions", "no solution exists", "there are no real solutions"),
        *("无解", "无实数解", "空集", "해가 없다", "해 없음", "공집합", "해가 없음"),
    )
)
NOT_EXISTING = frozenset({"dne", "does not exist", "doesnt exist", "do not exist", "limit does not exist", "不存在"})
NOT_EXISTING |= {"존재하지 않는다", "존재하지 않음"}
ALL_REALS = frozenset({"all real numbers", "all reals", "real numbers", "the real numbers", "any real number"})
AND = frozenset({"and", "or", "와", "과", "또는", "그리고", "和", "或", "与", "및"})
"""Words between the elements of a list."""
NEGATIONS = ("아니", "않", "없", "不是", "并非", "不等于")
"""Inside a word they take the value back."""
NOT_UNITS = frozenset(
    (
        *("or", "and", "not", "is", "no", "to", "but", "than", "versus", "if", "unless", "either", "maybe", "are"),
        *("plus", "minus", "times", "mod", "squared", "cubed", "because", "where", "when", "which", "so", "then"),
        *("hence", "the", "answer", "wait", "isn", "except", "without", "neither", "nor", "perhaps", "probably"),
        *("half", "third", "quarter", "over", "divided", "equals", "for", "as", "with", "we", "it", "also", "instead"),
        *(
            "不是",
            "或",
            "和",
            "아니다",
            "또는",
            "think",
            "guess",
            "wrong",
            "incorrect",
            "factorial",
            "inverse",
            "cube",
            "root",
            "fold",
            "etc",
            "false",
            "below",
            "above",
            "base",
            "between",
            "from",
            "by",
        ),
    )
)
"""Words behind a number that change it, take it back or go on to something else."""
DENIALS = frozenset(
    (
        *("not", "isn", "no", "or", "but", "than", "versus", "unless", "either", "maybe", "wait", "except", "without"),
        *("neither", "nor", "perhaps", "probably", "instead", "think", "guess", "wrong", "incorrect", "false", "never"),
        *("less", "more", "greater", "most", "least", "above", "below"),
    )
)
"""Words before an equal sign that take back what is behind it."""
SMALL_WORDS = frozenset({"at", "is", "if", "in", "on", "of", "by", "to", "as", "an", "so", "we", "it", "be", "no"})
"""Words of two letters that are not two factors."""
