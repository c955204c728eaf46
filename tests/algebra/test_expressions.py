"""Expressions: a grammar that reads what it prints and refuses all else in one sentence."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zalgebra as za
from zalgebra.types import BadInput, Names, WrongModel

RNG = np.random.default_rng(0)
Z = RNG.standard_normal((12, 8))
V, W, A, B = RNG.standard_normal((4, 8))
SMILE = np.array([0, 1] * 6)
GARMENTS = ("T-shirt", "Sandal", "Ankle boot")


class Stub:
    """What expressions ask of a direction; ``sd`` is 3 times as long as one difference."""

    def __init__(self, vector: np.ndarray) -> None:
        self.vector = vector

    def latent(self, strength: float = 1.0, unit: str | None = None, name: str = "") -> za.Latent:
        if unit == "°":
            return za.Latent.turn(self.vector, name, strength)
        if unit == "sd":
            return strength * za.Latent.shift(3 * self.vector, name, unit="sd")
        assert unit is None
        return strength * za.Latent.shift(self.vector, name, unit="")


NAMED = {"smile": Stub(V), "long hair": Stub(W), "a": A, "b": za.Latent(B, "b"), "the man": A}
ITEMS = za.Items(
    Z,
    {
        "smile": SMILE,
        "glasses": SMILE[::-1] == 1,
        "age": np.linspace(-1, 10, 12),
        "class": np.arange(12) % 3,
        "mood": np.array(["happy", "sad", "so so", "deg"] * 3),
        "5_o_clock shadow": SMILE,
    },
    directions=NAMED,
    classes={"class": GARMENTS},
)


def read(text: str) -> za.Latent:
    return za.evaluate(text, ITEMS)


def refused(text: str, names=ITEMS) -> str:
    with pytest.raises(BadInput) as caught:
        za.evaluate(text, names)
    return str(caught.value)


# What each form of the grammar means, and how it prints.


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("a", "a"),
        ("  a\t+ b ", "a + b"),
        ("a+b-a", "b"),
        ("-a", "-a"),
        ("+a - -b", "a + b"),
        ("--a", "a"),
        ("2*a", "2*a"),
        ("a*2", "2*a"),
        ("2a", "2*a"),
        ("2 a", "2*a"),
        ("1.5 smile", "1.5*smile"),
        (".5 smile", "0.5*smile"),
        ("2. smile", "2*smile"),
        ("1e-3 a", "0.001*a"),
        ("1E2a", "100*a"),
        ("a/4", "0.25*a"),
        ("(a + b)/2", "0.5*a + 0.5*b"),
        ("a + b/2", "a + 0.5*b"),
        ("3*(a - b)*2/6", "a - b"),
        ("(1 + 2*3)*a", "7*a"),
        ("(1 - 2)/4 a", None),
        ("(1 - 2)/4*a", "-0.25*a"),
        ("2*3 a", "6*a"),
        ("a − b · 2 × 3", "a - 6*b"),
        ("20° smile", "20° smile"),
        ("20°smile", "20° smile"),
        ("20deg smile", "20° smile"),
        ("20 deg smile", "20° smile"),
        ("-20° smile", "-20° smile"),
        ("a + 10° smile + 10deg smile", "a + 20° smile"),
        ("2*10° smile", "20° smile"),
        ("2sd smile", "2sd smile"),
        ("2 sd smile", "2sd smile"),
        ("2σ smile", "2sd smile"),
        ("smile + 1sd smile - 5° smile", "smile + 1sd smile - 5° smile"),
        ("20° 'long hair'", '20° "long hair"'),
        ('2sd "long hair"', '2sd "long hair"'),
        ('"long hair"/2', '0.5*"long hair"'),
        ("'the man' + \"the man\"", '2*"the man"'),
        ("'a' + a", "2*a"),
        ("img:3 + img:11/2", "img:3 + 0.5*img:11"),
        ("mean(a, b)", "0.5*a + 0.5*b"),
        ("mean(a)", "a"),
        ("mean(a + b, a - b)", "a"),
        ("mean(a, 20° smile)", "0.5*a + 10° smile"),
        ("2 mean(a, b)", "a + b"),
        ("lerp(a, b, 0.25)", "0.75*a + 0.25*b"),
        ("lerp(a, b, 1/4)", "0.75*a + 0.25*b"),
        ("lerp(a, b, -1)", "2*a - b"),
        ("lerp(mean(a, b), b, 1)", "b"),
        ("mean(smile=1)", "mean(smile=1)"),
        ("mean( smile = 1.0 , glasses=0)", "mean(smile=1, glasses=0)"),
        ("2 mean(smile=1)/3", "0.6666666666666666*mean(smile=1)"),
        ("mean(age>3.25)", "mean(age>3.25)"),
        ("mean(age>-0.5, age<=7)", "mean(age>-0.5, age<=7)"),
        ("mean(age>= +1)", None),
        ("mean(smile!=1)", "mean(smile!=1)"),
        ("mean(smile<1)", "mean(smile<1)"),
        ("mean(class=Sandal)", "mean(class=Sandal)"),
        ("mean(class=sandal)", "mean(class=sandal)"),
        ("mean(class='Ankle boot')", 'mean(class="Ankle boot")'),
        ("mean(class=2)", "mean(class=2)"),
        ("mean(mood=happy)", "mean(mood=happy)"),
        ('mean(mood="so so")', 'mean(mood="so so")'),
        ("mean(mood='deg')", 'mean(mood="deg")'),
        ("mean(mood!=sad)", "mean(mood!=sad)"),
        ("mean('5_o_clock shadow'=1)", 'mean("5_o_clock shadow"=1)'),
        ("mean(\"smile\"=1)", "mean(smile=1)"),
        ("mean(smile=1) - mean(smile=0)", "mean(smile=1) - mean(smile=0)"),
        ("seed(3)", "seed(3)"),
        ("0.5 seed(3) + seed( 7 )/2", "0.5*seed(3) + 0.5*seed(7)"),
        ("lerp(seed(0), a, 1/4)", "0.75*seed(0) + 0.25*a"),
        ("mean(seed(1), seed(1))", "seed(1)"),
        ("seed(18446744073709551615)", "seed(18446744073709551615)"),
        ("a + 20° smile - mean(smile=1)/2", "a + 20° smile - 0.5*mean(smile=1)"),
        ("a : b :: img:1 : ?", "img:1 + b - a"),
        ("a: b ::img:1 :?", "img:1 + b - a"),
        ("a : b :: ? : img:1", "img:1 + a - b"),
        ("a : ? :: b : img:1", "a + img:1 - b"),
        ("? : a :: b : img:1", "a + b - img:1"),
        ("img:1 : img:2 :: img:3 : ?", "img:3 + img:2 - img:1"),
        ('"the man" : a :: b : ?', 'b + a - "the man"'),
        ("a : a + 20° smile :: b : ?", "b + 20° smile"),
        ("mean(smile=0) : mean(smile=1) :: a : ?", "a + mean(smile=1) - mean(smile=0)"),
        ("(a : b :: img:1 : ?)/2 + smile", "0.5*img:1 + 0.5*b - 0.5*a + smile"),
        ("a : (a : b :: img:1 : ?) :: img:2 : ?", "img:2 + img:1 + b - 2*a"),
        ("+ 20° smile - 'long hair'", '20° smile - "long hair"'),
        ("mean(img:3..5)", "mean(img:3..5)"),
        ("mean(img:3..5, img:9,img:7..7)", "mean(img:3..5, img:9, img:7..7)"),
        ("2 mean( img:0 , img:3..5 )", "2*mean(img:0, img:3..5)"),
        ("img:1 + mean(img:2..3) - a", "img:1 + mean(img:2..3) - a"),
    ],
)  # fmt: skip
def test_a_form_reads_prints_and_reads_again(text, printed) -> None:
    if printed is None:
        refused(text)
        return
    latent = read(text)
    assert repr(latent) == printed
    assert read(printed) == latent


@pytest.mark.parametrize(
    ("condition", "chosen"),
    [
        ("smile=1", SMILE == 1),
        ("smile!=1", SMILE != 1),
        ("smile>0, age<5", (SMILE > 0) & (np.linspace(-1, 10, 12) < 5)),
        ("age>=2, age<=2", np.linspace(-1, 10, 12) == 2),
        ("glasses=1", SMILE == 0),
        ("class='ankle BOOT'", np.arange(12) % 3 == 2),
        ("class!=Sandal", np.arange(12) % 3 != 1),
        ("mood='so so'", np.arange(12) % 4 == 2),
    ],
)
def test_a_condition_averages_the_items_that_meet_it(condition, chosen) -> None:
    latent = read(f"mean({condition})")
    rows = np.flatnonzero(chosen)
    assert latent.weights == {f"img:{i}": pytest.approx(1 / len(rows)) for i in rows}
    np.testing.assert_allclose(latent.array(method="linear"), Z[chosen].mean(axis=0))


def test_an_item_in_a_group_is_the_same_seed() -> None:
    assert read("img:1 + mean(smile=1)").weights["img:1"] == pytest.approx(7 / 6)
    assert "img:1" not in read("mean(img:0, img:1) - img:1/2").weights


def test_a_range_averages_its_items() -> None:
    latent = read("mean(img:3..5, img:9)")
    assert latent.weights == {f"img:{i}": 0.25 for i in (3, 4, 5, 9)}
    np.testing.assert_allclose(latent.array(method="linear"), Z[[3, 4, 5, 9]].mean(axis=0))
    assert read("mean(img:3..5, img:4)").weights == read("mean(img:3..5)").weights  # each once
    assert [origin.kind for origin in latent.provenance()] == ["item"] * 4


@pytest.mark.parametrize("asked", range(4))
def test_an_analogy_is_a_parallelogram(asked) -> None:
    words = ["img:1", "img:2", "img:3", "img:4"]
    words[asked] = "?"
    latent = za.evaluate("{} : {} :: {} : {}".format(*words), ITEMS)
    corners = list(Z[1:5])
    corners[asked] = latent.array(method="linear")
    a, b, c, d = corners
    np.testing.assert_allclose(b - a, d - c, atol=1e-12)


def test_a_saved_mix_is_a_word() -> None:
    recipe = read("0.5*img:3 + a + 20° smile - mean(smile=1)/4 + seed(3)")
    items = za.Items(Z, {"smile": SMILE}, directions={**NAMED, "mine": recipe.to_dict()})
    assert za.evaluate("mine", items) == recipe
    assert za.evaluate("mine/2 + img:3 - 10° smile", items) == read(
        "1.25*img:3 + 0.5*a - 0.125*mean(smile=1) + 0.5*seed(3)"
    )
    assert za.evaluate("mine", {**NAMED, "mine": read("2*a - smile").to_dict()}) == read(
        "2*a - smile"
    )


def test_a_saved_mix_is_held_to_what_it_was_made_of() -> None:
    mix = read("a + img:3").to_dict()
    other = za.Items(Z + 1, directions={**NAMED, "mine": mix})
    with pytest.raises(BadInput, match=r"the mix mine: img:3 is another item here .* at 'mine' of"):
        za.evaluate("mine", other)
    with pytest.raises(BadInput, match="the mix mine: this is no mix"):
        za.evaluate("mine", {"mine": {}})


def test_a_saved_mix_of_itself_ends() -> None:
    mix = za.Latent(A, "mine").to_dict()
    with pytest.raises(BadInput, match="the mix mine: unknown name 'mine'"):
        za.evaluate("mine", {"mine": mix})


def test_the_textbook_equation() -> None:
    names = dict(zip(("man", "smile", "neutral"), Z, strict=False))
    latent = za.evaluate("man + smile - neutral", names)
    np.testing.assert_allclose(latent.array(), za.combine([1, 1, -1], Z[:3]))
    assert isinstance(ITEMS, Names)


# Everything that the grammar allows, against an evaluation of our own.


WORDS = [
    ("a", ("seed", "", "a")),
    ("b", ("seed", "", "b")),
    ("'the man'", ("seed", "", "the man")),
    ("img:3", ("seed", "", "img:3")),
    ('"img:7"', ("seed", "", "img:7")),
    ("smile", ("shift", "", "smile")),
    ("seed(0)", ("number", "", "seed(0)")),
    ("seed( 12 )", ("number", "", "seed(12)")),
]


class Writer:
    """Writes random expressions together with the weights that they must have."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def latent(self, depth: int) -> tuple[str, dict[tuple, float]]:
        kind = self.random.randrange(10) if depth else self.random.randrange(4)
        if kind < 2:
            word, key = self.random.choice(WORDS)
            return word, {key: 1.0}
        if kind == 2:
            number, size = self.number(0)
            unit = self.random.choice(["°", "deg", "sd", " σ", " sd"])
            key = ("turn", "°", "smile") if unit in ("°", "deg") else ("shift", "sd", "smile")
            return f"{number}{unit} smile", {key: size}
        if kind == 3:
            groups = ["mean(smile=1)", "mean(age>=3, class=Sandal)", "mean(img:2..5, img:9)"]
            group = self.random.choice(groups)
            return group, {("group", "", group): 1.0}
        if kind == 4:
            sign = self.random.choice("+-")
            (p, u), (q, v) = self.latent(depth - 1), self.latent(depth - 1)
            return f"{p} {sign} ({q})", combined(u, v, -1 if sign == "-" else 1)
        if kind == 5:
            (p, u), (number, size) = self.latent(depth - 1), self.number(depth - 1)
            form = self.random.choice(["{n}*({p})", "({p})*{n}", "({p}) / {n}", "-({p})"])
            factor = {"-": -1.0, "(": size}.get(form[0], size)
            factor = 1 / size if "/" in form else factor
            return form.format(n=f"({number})", p=p), combined({}, u, factor)
        if kind == 6:
            parts = [self.latent(depth - 1) for _ in range(self.random.randint(1, 3))]
            total: dict[tuple, float] = {}
            for _, u in parts:
                total = combined(total, u, 1 / len(parts))
            return f"mean({', '.join(p for p, _ in parts)})", total
        if kind == 7:
            (p, u), (q, v) = self.latent(depth - 1), self.latent(depth - 1)
            number, t = self.number(depth - 1)
            return f"lerp({p}, {q}, {number})", combined(combined({}, u, 1 - t), v, t)
        if kind == 9:
            (p, u), (q, v), (r, w) = (self.latent(depth - 1) for _ in range(3))
            asked = self.random.randrange(4)
            parts, known = [p, q, r], [u, v, w]
            parts.insert(asked, "?")
            known.insert(asked, {})
            sides = -1, 1, 1, -1  # a : b :: c : d says -a + b + c - d = 0
            total = {}
            for side, u in zip(sides, known, strict=True):
                total = combined(total, u, -side * sides[asked])
            return "({} : {} :: {} : {})".format(*parts), total
        (p, u), (number, size) = self.latent(0), self.number(0)
        if p[0] in ".0123456789":
            return p, u
        return f"{number} {p}", combined({}, u, size)

    def number(self, depth: int) -> tuple[str, float]:
        if depth and self.random.random() < 0.3:
            (p, x), (q, y) = self.number(depth - 1), self.number(depth - 1)
            return f"({p} + {q})", x + y
        text = self.random.choice(["1", "2.5", ".25", "3.", "1e-2", "2E1", "0.1", "1_0"[:1], "7"])
        return text, float(text)


def combined(u: dict[tuple, float], v: dict[tuple, float], factor: float) -> dict[tuple, float]:
    return {k: u.get(k, 0.0) + factor * v.get(k, 0.0) for k in {**u, **v}}


@pytest.mark.parametrize(
    ("seed", "count"), [(0, 3000), pytest.param(1, 50_000, marks=pytest.mark.slow)]
)
def test_expressions_by_the_thousand_mean_what_they_say(seed, count) -> None:
    writer, empty = Writer(seed), 0
    for _ in range(count):
        text, expected = writer.latent(depth=4)
        latent = read(text)
        found = {key: c for key, (c, _) in latent._terms.items()}
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9), text
        printed = repr(latent)
        if printed == "0":
            empty += 1
            continue
        assert read(printed) == latent, text
        assert repr(read(printed)) == printed, text
    assert empty < count / 30


TOKENS = [
    *"+-*/()=<>,−·×°σ!", "<=", ">=", "!=", "deg", "sd", "a", "b", "smile", "img:3", "img:99",
    "img:", "img:03", "nobody", "seed", "seed(", "seed(7)", "mean", "lerp", "mean(", "lerp(",
    "0", "1", "2.5", "1e999", "1e",
    "1e300", "1e-300", ".", "20°", "2sd", "'long hair'", '"', "'", "''", "class", "Sandal", "age",
    "mood", "happy", "\n", "\x00", "\\", "_", "é", "½", "²", "٣", "🙂", "$", "[", "]", "{", "#",
    ":", "::", "?", "img:1..3", "img:3..1", "..", "__import__", "lambda", "9" * 400,
    "img:" + "9" * 5000,
]  # fmt: skip


@settings(max_examples=2000, deadline=5000, derandomize=True)
@given(st.lists(st.sampled_from(TOKENS), max_size=14), st.sampled_from(["", " "]))
def test_any_string_of_tokens_reads_or_is_refused(tokens, space) -> None:
    text = space.join(tokens)
    try:
        latent = read(text)
    except BadInput as error:
        assert_one_sentence(str(error))
    else:
        assert repr(latent) == "0" or read(repr(latent)) == latent


@settings(max_examples=500, deadline=5000, derandomize=True)
@given(st.text(max_size=60))
def test_any_text_reads_or_is_refused(text) -> None:
    try:
        read(text)
    except BadInput as error:
        assert_one_sentence(str(error))


def assert_one_sentence(message: str) -> None:
    """One line of moderate length with its place, and no second sentence."""
    assert 0 < len(message) < 800
    assert "\n" not in message
    assert re.search(
        r" of the expression |gives the number|characters|img:|label|empty|class|items", message
    )
    without = re.sub(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", "", message)
    assert not re.search(r"\. [A-Z]|\.$", without)


# Refusals: one sentence that names the place.


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a latent, a direction or a number, at its end of the expression ''"),
        ("   ", "expected a latent, a direction or a number, at its end of the expression '   '"),
        ("a +", "expected a latent, a direction or a number, at its end of the expression 'a +'"),
        ("a b", "did not expect 'b', at 'b' of the expression 'a b'"),
        ("a )", "did not expect ')', at ')' of the expression 'a )'"),
        ("(a", "expected ')', at its end of the expression '(a'"),
        ("a + * b", "expected a latent, a direction or a number, at '* b' of the expression 'a +"),
        ("a ? b", "did not expect '?', at '? b' of the expression 'a ? b'"),
        ("a + 'b", 'did not expect "\'", at "\'b" of the expression "a + \'b"'),
        (
            "a + bob/2",
            "unknown name 'bob' (known: smile, long hair, a, b, the man, img:0), at 'bob",
        ),
        ("img:12", "img:12 does not exist: the items are img:0 to img:11"),
        ("img:03", "unknown name 'img:03' (known: "),
        ("1 + 1", "'1 + 1' gives the number 2, not a latent; name one"),
        ("a + 1", "a number cannot be added to a latent, at '+ 1' of the expression 'a + 1'"),
        ("1 - a", "a number cannot be added to a latent, at '- a' of the expression '1 - a'"),
        ("a*b", "latents can be scaled by numbers, not multiplied or divided, at '*b' of"),
        ("1/2 a", "latents can be scaled by numbers, not multiplied or divided, at '/2 a' of"),
        ("a/0 + b", "division by zero, at '/0 + b' of the expression 'a/0 + b'"),
        ("a/(1-1)", "division by zero, at '/(1-1)' of the expression 'a/(1-1)'"),
        ("1e999 a", "the number is too large, at '1e999 a' of the expression '1e999 a'"),
        (
            "1e200*1e200*a",
            "the number is too large, at '*1e200*a' of the expression '1e200*1e200*a'",
        ),
        ("1e200*(1e200 a)", "the weight of 'a' must be finite, got inf, at '*(1e200 a)' of"),
        ("1e308 a + 1e308 a", "the weight of 'a' must be finite, got inf, at '+ 1e308 a' of"),
        ("a/1e-320", "a weight must be finite, got inf, at '/1e-320' of the expression 'a/1e-320'"),
        ("20° 3", "expected a direction after 20°, at '3' of the expression '20° 3'"),
        ("20°", "expected a direction after 20°, at its end of the expression '20°'"),
        ("° smile", "expected a latent, a direction or a number, at '° smile' of the expression"),
        (
            "20° a",
            "'a' is no direction, so it has no °; a za.Direction is one",
        ),
        (
            "2sd b",
            "'b' is no direction, so it has no sd; a za.Direction is one",
        ),
        ("mean()", "expected a latent, a direction or a number, at ')' of the expression 'mean()'"),
        ("mean(", "expected a latent, a direction or a number, at its end of"),
        ("seed", "unknown name 'seed' (known: "),
        ("seed(3", "expected ')', at its end of the expression 'seed(3'"),
        ("seed(3, 4)", "expected ')', at ', 4)' of the expression 'seed(3, 4)'"),
        ("seed(-1)", "`seed` takes a whole number from 0 to 18446744073709551615: seed(3), at"),
        ("seed(1.5)", "`seed` takes a whole number from 0"),
        ("seed(03)", "`seed` takes a whole number from 0"),
        ("seed(1e3)", "`seed` takes a whole number from 0"),
        ("seed(18446744073709551616)", "`seed` takes a whole number from 0"),
        ("seed(" + "9" * 5000 + ")", "`seed` takes a whole number from 0"),
        ("20° seed(3)", "unknown name 'seed'"),
        ("mean(1, a)", "`mean` takes latents or label conditions, at 'mean(1, a)' of"),
        ("mean(1, 2)", "`mean` takes latents or label conditions, at 'mean(1, 2)' of"),
        ("lerp(a, b)", "`lerp` takes two latents and a position: lerp(a, b, 0.5), at 'lerp("),
        ("lerp(a, b, a)", "`lerp` takes two latents and a position: lerp(a, b, 0.5), at 'lerp("),
        ("lerp(1, b, 2)", "`lerp` takes two latents and a position: lerp(a, b, 0.5), at 'lerp("),
        ("a : b :: img:1 : img:2", "an analogy has three latents and one `?`: a : b :: c : ?, at"),
        (
            "b + (? : a :: ? : b)",
            "an analogy has three latents and one `?`: a : b :: c : ?, at '? :",
        ),
        (
            "a : 1 :: b : ?",
            "an analogy has three latents and one `?`: a : b :: c : ?, at 'a : 1 ::",
        ),
        ("a : b", "expected '::', at its end of the expression 'a : b'"),
        ("a : b : c : ?", "expected '::', at ': c : ?' of the expression 'a : b : c : ?'"),
        ("a :: b", "did not expect '::', at ':: b' of the expression 'a :: b'"),
        ("a : b :: a", "expected ':', at its end of the expression 'a : b :: a'"),
        ("a : b :: a : ? + b", "did not expect '+', at '+ b' of the expression 'a : b :: a : ? +"),
        ("?", "`?` is what an analogy asks for: a : b :: c : ?, at '?' of the expression '?'"),
        ("a : b :: ? + a : b", "expected ':', at '+ a : b' of the expression"),
        (
            "man:king::a:?",
            "unknown name 'man:king' (known: smile, long hair, a, b, the man, img:0); in an "
            "analogy there are spaces about the marks: a : b :: c : ?, at 'man:king::a:' of",
        ),
        ("img:1..3", "img:1..3 is several items: mean(img:1..3), at 'img:1..3' of the expression"),
        (
            "mean(img:3..1)",
            "a range goes up, over at most 10000 items, got img:3..1, at 'img:3..1)",
        ),
        ("mean(img:0..10000)", "a range goes up, over at most 10000 items, got img:0..10000, at"),
        ("mean(img:9..12)", "img:12 does not exist: the items are img:0 to img:11"),
        (
            "mean(img:1..2, smile)",
            "smile is no item; a range is averaged with items, at 'smile)' of",
        ),
        ("mean(img:1..2, b)", "b is no item; a range is averaged with items, at 'b)' of"),
        ("mean(img:1..2, (a))", "expected an item or a range such as img:3..7, at '(a))' of"),
        ("mean(img:1..2", "expected ')', at its end of the expression 'mean(img:1..2'"),
        ("mean(img:1..03)", "did not expect '.', at '..03)' of the expression 'mean(img:1..03)'"),
        ("mean(smile=)", "expected a number or a word to compare with, at ')' of the expression"),
        ("mean(smile=1", "expected ')', at its end of the expression 'mean(smile=1'"),
        ("mean(smile=1, a)", "expected a condition such as smile=1, at 'a)' of the expression"),
        ("mean(1=1)", "expected a condition such as smile=1, at '1=1)' of the expression"),
        ("mean(smile=-Sandal)", "expected a number or a word to compare with, at 'Sandal)' of"),
        ("mean(smile=1e999)", "the number is too large, at '1e999)' of the expression"),
        ("mean(hat=1)", "unknown label 'hat'; the labels are: smile, glasses, age, class, mood"),
        ("mean(class=Shoe)", "class has no class 'Shoe'; it has: T-shirt, Sandal, Ankle boot"),
        ("mean(smile=yes)", "label 'smile' holds numbers, got 'yes'"),
        ("mean(mood=1)", "label 'mood' holds words, got 1"),
        ("mean(age>99)", "mean(age>99) is empty: no item meets its conditions"),
    ],
)
def test_a_refusal_names_the_place(text, message) -> None:
    assert refused(text).startswith(message)
    assert_one_sentence(refused(text))


@pytest.mark.parametrize("number", ["0.5", "3"])
def test_a_number_before_a_bracket_gets_a_hint(number) -> None:
    for text in (f"a + {number} (a - b)", f"{number}(a - b)"):
        with pytest.raises(BadInput, match=re.escape(f"write {number}*(...), at '(")):
            za.evaluate(text, {"a": np.ones(3), "b": np.zeros(3)})


@pytest.mark.parametrize("text", ["(" * 61 + "a" + ")" * 61, "-" * 61 + "a", "mean(" * 61 + "a"])
def test_deep_nesting_is_refused(text) -> None:
    assert "nests at most 60 deep, at " in refused(text)


def test_nesting_up_to_the_limit_is_read() -> None:
    assert read("(" * 60 + "a" + ")" * 60) == read("-" * 60 + "a") == read("a")
    assert read(" + ".join(["(a)"] * 1000)) == read("1000 a")  # breadth is no depth


def test_long_expressions_are_refused() -> None:
    assert read("a" + " + a" * 2499) == read("2500 a")
    assert refused("a" * 10_001) == "an expression has at most 10000 characters, got 10001"
    assert len(refused("x" * 10_000)) < 400
    assert refused(3) == "an expression is text, got int"  # ty: ignore[invalid-argument-type]


def test_conditions_need_items() -> None:
    assert "label conditions need items with labels" in refused("mean(smile=1)", {"a": A})
    assert refused("b", {"a": A}).startswith("unknown name 'b' (known: a), at 'b' of")
    assert refused("b", {}).startswith("unknown name 'b', at 'b' of the expression 'b'")
    many = dict.fromkeys(map(str, range(60)), A)
    assert "37, 38, 39 …)" in refused("b", many)


def test_what_a_name_stands_for_is_checked_under_its_name() -> None:
    assert refused("bob", {"bob": A * np.nan}).startswith("`bob` must be finite")
    assert refused("bob", {"bob": "text"}).startswith("`bob` must hold real numbers")
    two = {"a": za.Latent(A, "x"), "b": za.Latent(B, "x")}
    assert refused("a + b", two).startswith("two different latents are both named 'x'; rename one")


def test_errors_of_names_keep_their_kind() -> None:
    class Strict(dict):
        def __getitem__(self, name):
            raise WrongModel("of another model")

    with pytest.raises(WrongModel, match="of another model"):
        za.evaluate("a", Strict())


def test_nothing_is_ever_executed() -> None:
    for text in ("__import__('os')", "a.__class__", "(lambda: 0)()", "a if a else b", "a**2"):
        refused(text)


# Items.


def test_items_are_of_any_library(xp) -> None:
    items = za.Items(xp.asarray(Z), {"smile": SMILE})
    z = za.evaluate("img:2 + mean(smile=1)", items).array()
    assert xp.owns(z)
    np.testing.assert_allclose(xp.numpy(z), read("img:2 + mean(smile=1)").array(), rtol=1e-12)
    assert len(items) == 12


def test_labels_may_be_lists_and_objects() -> None:
    words = np.array(["x", "y", "x"], dtype=object)
    items = za.Items(Z[:3], {"smile": [0, 1, 1], "kind": words})
    assert list(items.where([("smile", "=", 1.0), ("kind", "=", "x")])) == ["img:2"]
    assert items.mask([]).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: za.Items(Z, {"smile": [1, 2]}),
            r"label 'smile' must have 12 .*, got shape \(2,\)",
        ),
        (lambda: za.Items(Z, {"smile": 1}), r"label 'smile' must have 12 .*, got shape \(\)"),
        (lambda: za.Items(3.0), "`latents` must have shape"),
        (lambda: za.Items([[np.nan]]), "`latents` must be finite"),
        (lambda: za.Items(np.zeros((0, 3)))["img:0"], "img:0 does not exist: there are no items"),
    ],
)
def test_bad_items_are_one_clear_sentence(call, words) -> None:
    with pytest.raises(BadInput, match=words):
        call()


def test_numbered_seeds_need_no_names() -> None:
    assert repr(za.evaluate("0.5*seed(3) + seed(7)")) == "0.5*seed(3) + seed(7)"
    with pytest.raises(BadInput, match="unknown name 'a'"):
        za.evaluate("a")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("img:-1", "; an item is img:0, img:1 and so on, and a minus takes away, at "),
        ("smiling", "; did you mean smile?, at "),
        ("label:smile", "; did you mean smile?; in an analogy"),
        ("boot", "; boot is a value of the label kind: mean(kind=boot), at "),
        ("age", "; age is a label: mean(age=VALUE), at "),
    ],
)
def test_an_unknown_word_is_told_what_may_have_been_meant(text: str, hint: str) -> None:
    labels = {"age": np.arange(3), "kind": np.array([0, 1, 0])}
    classes = {"kind": ["sandal", "Boot"]}
    items = za.Items(np.eye(3), labels, directions={"smile": A}, classes=classes)
    with pytest.raises(BadInput) as refused:
        za.evaluate(text, items)
    assert hint in str(refused.value)
