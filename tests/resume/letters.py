"""A custom reward with something to learn for a random model: digits."""


def letters(completions, **columns):
    return [sum(letter in "0123456789eta" for letter in text) / max(1, len(text)) for text in completions]
