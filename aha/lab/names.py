"""People and things: names that a base model has to copy, many of them, and some that nobody has heard before."""

from __future__ import annotations

from random import Random

from aha.lab.phrases import Language


def split(words: str) -> list[str]:
    """The words of a text."""
    return words.split()


NAMES: dict[Language, list[str]] = {
    "en": split("""
        Aaron Abby Abigail Adam Adrian Agnes Aiden Alan Albert Alec Alex Alice Alina Alma Amber
        Amelia Amy Andrew Angela Anita Ann Anna Anthony Anton April Aria Arthur Asher Ava Avery
        Barbara Beatrice Ben Benjamin Bella Bernard Beth Betty Bianca Blake Bob Boris Brenda Brian
        Bruce Bruno Caleb Camila Cara Carl Carla Carol Caroline Carter Cecil Celia Charles Charlotte
        Chloe Chris Clara Claire Clark Cleo Cora Craig Cyrus Daisy Dan Daniel Daphne David Dean
        Deborah Dennis Diana Dina Donald Dora Doris Dylan Edgar Edith Edward Elaine Eleanor Elena
        Eli Elijah Eliza Elizabeth Ella Ellen Elliot Elsa Emil Emily Emma Enid Eric Erin Ernest
        Esther Ethan Eugene Eva Eve Evelyn Ezra Faith Felix Fiona Finn Flora Frances Frank Fred
        Freya Gabriel Gail Gary George Gemma Gerald Gilbert Gina Gloria Gordon Grace Graham Grant
        Greta Hana Hannah Harold Harper Harry Harvey Hazel Heidi Helen Henry Herbert Hilda Holly
        Hope Howard Hugh Hugo Ian Ida Ike Ines Ingrid Iris Isaac Isabel Isabella Isla Ivan Ivy Jack
        Jackson Jacob James Jane Janet Jasmine Jason Jay Jean Jenny Jeremy Jesse Jill Joan Joel John
        Jonas Jordan Joseph Joyce Juan Judith Julia Julian June Kara Karen Kate Keith Kevin Kim Kira
        Kurt Kyle Lara Laura Lea Leah Leo Leon Leonard Levi Lewis Liam Lila Lily Linda Lisa Logan
        Lois Louis Louise Lucas Lucy Luke Luna Lydia Mabel Madison Malcolm Mara Marcus Maria Marian
        Marie Mark Martha Martin Mary Mason Mateo Matthew Maud Maya Megan Mia Michael Mila Miles
        Mona Monica Morgan Nadia Nancy Naomi Nathan Neil Nell Nicholas Nina Noah Noel Nora Norman
        Olga Oliver Olivia Omar Oscar Otto Owen Pam Patrick Paul Paula Penelope Peter Petra Philip
        Piper Quentin Quinn Rachel Ralph Ray Rebecca Reed Rex Rhoda Richard Riley Rita Robert Robin
        Roger Roland Ron Rosa Rose Ross Roy Ruby Rufus Ruth Ryan Sally Sam Samuel Sandra Sara
        Scarlett Scott Sean Sebastian Selma Seth Sharon Silas Simon Sofia Sophia Stella Stephen
        Steve Stuart Susan Sylvia Tara Ted Teresa Terry Thea Theo Thomas Tim Tina Toby Tom Tony
        Tracy Ursula Uma Vera Vernon Victor Victoria Vincent Viola Violet Virgil Wade Walter Wanda
        Warren Wayne Wendy Wilbur William Willow Wyatt Xavier Yara Yvonne Zachary Zane Zelda Zoe
        Zoey
    """),
    "ko": split("""
        민수 지연 서준 하은 도윤 유진 현우 수아 지호 서연 민준 예은 건우 채원 우진 다은 준서 소율 은우 지아 시우
        나은 태현 유나 성민 혜진 동현 미나 재훈 은지 상우 보라 영호 선희 기태 하늘
    """),
    "ru": split("Анна Иван Ольга Пётр Мария Олег Вера Павел Нина Антон Дарья Юрий"),
}

THINGS: dict[Language, list[str]] = {
    "en": split("""
        apples pears books pens cups toys eggs hats coins cards keys lamps plums chairs boxes stamps
        shells ropes bells nails roses bricks maps tiles drums kites beads spoons plates candles
    """),
    "ko": split("사과 배 책 펜 컵 달걀 모자 동전 의자 상자 종 장미 벽돌 지도 접시 초"),
    "ru": split("яблок книг чашек монет шляп ламп карт ключей"),
}

INVENTED_RATE = 0.2
"""How often an English name is made of syllables, so that copying is learned and not a list of names."""

_STARTS = split("b br c d dr f g gr h j k kl l m n p pr r s st t tr v w z")
_VOWELS = split("a e i o u ai ea oo")
_ENDS = ["", "", "l", "n", "r", "s", "m", "x", "th", "ck", "nd"]


def invented(rng: Random, parts: int = 2) -> str:
    """A word that nobody has heard, of `parts` syllables, in lower case."""
    return "".join(rng.choice(_STARTS) + rng.choice(_VOWELS) for _ in range(parts)) + rng.choice(_ENDS)


def people(rng: Random, language: Language, count: int) -> list[str]:
    """`count` different names."""
    found = rng.sample(NAMES[language], count)
    if language == "en":
        found = [invented(rng).capitalize() if rng.random() < INVENTED_RATE else name for name in found]
    return found if len(set(found)) == count else people(rng, language, count)


def person(rng: Random, language: Language) -> str:
    """One name."""
    return people(rng, language, 1)[0]
