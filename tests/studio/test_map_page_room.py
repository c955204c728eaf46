"""A map's page on a telephone and on a desk: what lies on it, and how it is reached."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import shutil
import string
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("jinja2")
pytest.importorskip("PIL")

import zalgebra as za
from zalgebra.studio.map_page import map_page

pytestmark = pytest.mark.skipif(
    not (shutil.which("chromium") or shutil.which("chromium-browser")),
    reason="no chromium on this machine",
)
ROOT = Path(__file__).resolve().parents[2]
PHONE, DESK = (390, 844), (1280, 900)
NAMES = ["Boot", "Sandal", "a name that goes on and on for ever", "Bag", "Coat", "Shirt"]
MAP = "document.getElementById('over')"
STATE = "({laid: zalgebra.laid(), named: zalgebra.named(), controls: zalgebra.controls()})"
FRAMES = """(async keys => {
  const found = [], wait = () => new Promise(requestAnimationFrame);
  for (const key of keys) {
    %s.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
    await wait(); await wait();
    found.push(%s);
  }
  return found;
})(%s)"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    spec = importlib.util.spec_from_file_location("chromium", ROOT / "docs/gallery/chromium.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    opened = module.Browser(tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()


def crowd(groups: int, n: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Places and groups: each two groups lie on one another."""
    rng = np.random.default_rng(0)
    kind = np.arange(n) % groups
    middles = rng.standard_normal((groups, 2)) * 2.5
    return middles[kind // 2] + rng.standard_normal((n, 2)), kind


def shown(browser, tmp_path: Path, size: tuple[int, int], names: list[str] = NAMES, **more) -> None:
    places, kind = crowd(len(names))
    pictures = np.random.default_rng(1).random((len(places), 3, 16, 16))
    page = map_page(places, pictures, labels={"class": kind, "x": places[:, 0]},
                    classes={"class": names}, **more)  # fmt: skip
    phone = size == PHONE
    browser.call("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1],
                 deviceScaleFactor=1, mobile=phone)  # fmt: skip
    browser.call("Emulation.setTouchEmulationEnabled", enabled=phone)
    browser.events.clear()
    browser.open(page.write(tmp_path / "map.html"))
    browser.wait("zalgebra.frames > 2")
    assert browser.complaints() == []


def box(browser, what: str = MAP) -> list[float]:
    return browser.value(f"(r => [r.x, r.y, r.width, r.height])({what}.getBoundingClientRect())")


def at(browser, i: int) -> np.ndarray:
    return np.add(browser.value(f"zalgebra.place({i})"), box(browser)[:2])


def touch(browser, *steps: list) -> None:
    """Fingers put down at the first places, moved over the others and lifted."""
    for k, fingers in enumerate(steps):
        points = [{"x": float(x), "y": float(y), "id": i} for i, (x, y) in enumerate(fingers)]
        kind = "touchMove" if k else "touchStart"
        browser.call("Input.dispatchTouchEvent", type=kind, touchPoints=points)
    browser.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])


def key(browser, name: str, text: str = "") -> None:
    for kind in ("keyDown", "keyUp"):
        more = {"text": text} if text and kind == "keyDown" else {}
        browser.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, **more,
                     windowsVirtualKeyCode={"Tab": 9, "Enter": 13}.get(name, 0))  # fmt: skip


def overlap(a: list[float], b: list[float]) -> bool:
    """Whether two boxes, by their middles and sizes, have pixels in common."""
    return abs(a[0] - b[0]) < (a[2] + b[2]) / 2 and abs(a[1] - b[1]) < (a[3] + b[3]) / 2


def check(state: dict) -> None:
    """Nothing that lies on the map covers anything else."""
    boxes = [*state["laid"], *(name[1:] for name in state["named"]), state["controls"]]
    for a, b in itertools.combinations(boxes, 2):
        assert not overlap(a, b), (a, b)


# What lies on the map.


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_nothing_on_the_map_covers_anything_else(browser, tmp_path, size) -> None:
    shown(browser, tmp_path, size)
    check(browser.value(STATE))
    keys = ["+", "+", "ArrowLeft", "ArrowUp", "-", "-", "-", "-", "0"]
    for state in browser.value(FRAMES % (MAP, STATE, json.dumps(keys))):
        check(state)  # at once, while the map moves
    start = np.add(state["named"][0][1:3], box(browser)[:2])
    browser.drag(start, start + 20, np.add(state["controls"][:2], box(browser)[:2]))
    check(browser.value(f"new Promise(f => setTimeout(() => f({STATE}), 300))"))  # by the buttons
    browser.value(f"{MAP}.dispatchEvent(new KeyboardEvent('keydown', {{key: '0'}}))")
    browser.value(f"{MAP}.dispatchEvent(new KeyboardEvent('keydown', {{key: 'Enter'}}))")
    browser.wait("!document.getElementById('pins').hidden")
    check(browser.value(f"new Promise(f => setTimeout(() => f({STATE}), 60))"))  # pushed up


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_axes_with_a_meaning_are_named_where_nothing_covers_them(browser, tmp_path, size) -> None:
    shown(browser, tmp_path, size, axes=("smile", "hair length"))
    state = f"({{...{STATE}, axes: zalgebra.axes(), origin: zalgebra.origin()}})"
    keys = ["ArrowLeft", "ArrowDown", "+", "-", "ArrowUp", *["ArrowUp"] * 30]
    states = browser.value(FRAMES % (MAP, state, json.dumps(keys)))
    for found in states:
        assert [a[0] for a in found["axes"]] == ["smile →", "hair length ↑"]
        names = [a[1:] for a in found["axes"]]
        for name in names:
            others = [*found["laid"], *(n[1:] for n in found["named"]), found["controls"]]
            assert not any(overlap(name, other) for other in others)
        width, height = box(browser)[2:]
        for x, y, w, h in names:  # inside the map, also when 0 has left it
            assert w / 2 <= x <= width - w / 2
            assert h / 2 <= y <= height - h / 2
    first = states[0]
    assert first["axes"][1][1] == pytest.approx(first["origin"][0], abs=1)  # at the line through 0
    moved = np.subtract(states[2]["origin"], first["origin"])
    assert np.abs(moved).max() > 5  # the lines move with the items
    shown(browser, tmp_path, size)
    assert browser.value("zalgebra.axes()") == []


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_each_group_is_named_and_has_thumbnails_that_are_spread(browser, tmp_path, size) -> None:
    shown(browser, tmp_path, size)
    browser.value(FRAMES % (MAP, STATE, '["+", "+", "+"]'))
    time.sleep(0.3)  # thumbnails lie there, and are nearer to one another when all is shown again
    browser.value(FRAMES % (MAP, STATE, '["0"]'))
    state = browser.value(f"new Promise(f => setTimeout(() => f({STATE}), 400))")
    assert sorted(name[0] for name in state["named"]) == list(range(len(NAMES)))
    wide = [[x, y, w + 15, h + 15] for x, y, w, h in state["laid"]]
    for a, b in itertools.combinations(wide, 2):
        assert not overlap(a, b)  # dots are seen between
    *_, w, h = box(browser)
    groups = {i % len(NAMES) for i in browser.value("zalgebra.thumbnails()")}
    assert len(groups) >= len(NAMES) - 1
    for i in [i for i in range(600) if i % len(NAMES) not in groups]:  # for it there is no room
        x, y = browser.value(f"zalgebra.place({i})")
        if 26 < x < w - 26 and 26 < y < h - 26:
            tile = [x, y, 44 + 33, 44 + 33]
            assert any(overlap(tile, b) for b in [*state["laid"], *(n[1:] for n in state["named"])])


def test_a_name_is_left_out_only_where_there_is_no_room(browser, tmp_path) -> None:
    names = [f"number {k} of many" for k in range(60)]
    shown(browser, tmp_path, PHONE, names)
    state = browser.value(STATE)
    check(state)
    *_, w, h = box(browser)
    named = {name[0]: name[1:] for name in state["named"]}
    assert 10 < len(named) < len(names)
    places, kind = crowd(len(names))
    for _, (x, y, wide, high) in named.items():
        assert wide / 2 <= x <= w - wide / 2
        assert high / 2 <= y <= h - high / 2
    for g in set(range(len(names))) - named.keys():
        own = places[kind == g]
        near = np.abs(own - np.median(own, axis=0)).sum(axis=1).argmin()
        x, y = browser.value(f"zalgebra.place({np.flatnonzero(kind == g)[near]})")
        for dx, dy in itertools.product(range(-60, 61, 6), range(-60, 61, 6)):
            if 90 < x + dx < w - 90 and 30 < y + dy < h - 30:
                room = [x + dx, y + dy, 170, 52]  # more than a name takes
                boxes = [*named.values(), state["controls"]]
                assert any(overlap(room, b) for b in boxes), (names[g], dx, dy)


def test_groups_are_told_apart_by_form_as_well_as_colour(browser, tmp_path) -> None:
    shown(browser, tmp_path, DESK, list(string.ascii_letters))
    seen = browser.value("[...document.querySelectorAll('#legend svg')].map(s => "
                         "[s.getAttribute('fill'), s.firstChild.getAttribute('d')])")  # fmt: skip
    assert len(set(map(tuple, seen))) == 52
    forms = [form for _, form in seen]
    assert all(a != b for a, b in itertools.pairwise(forms))
    assert max(map(forms[:10].count, forms[:10])) == 2


def luminance(rgb: str) -> float:
    """Relative luminance, WCAG 2.2."""
    c = np.array([int(v) for v in re.findall(r"\d+", rgb)[:3]]) / 255
    return float(
        np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_dark_colours_are_legible(browser, tmp_path, scheme) -> None:
    browser.call("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": scheme}])  # fmt: skip
    try:
        shown(browser, tmp_path, DESK, list(string.ascii_letters))
        style = "getComputedStyle(document.querySelector('{}')).{}"
        paper = luminance(browser.value(style.format("body", "backgroundColor")))

        def contrast(text: str, behind: float = paper) -> float:
            low, high = sorted([luminance(text), behind])
            return (high + 0.05) / (low + 0.05)

        for what in ("body", "h1 small", ".hint", "#legend small", "#legend button"):
            assert contrast(browser.value(style.format(what, "color"))) > 4.5, what
        pressed = [browser.value(style.format("[data-tool=move]", k))
                   for k in ("color", "backgroundColor")]  # fmt: skip
        assert contrast(pressed[0], luminance(pressed[1])) > 4.5
        if scheme == "dark":
            for fill in set(browser.value("[...document.querySelectorAll('#legend svg')]"
                                          ".map(s => s.getAttribute('fill'))")):  # fmt: skip
                assert contrast(fill) > 3, fill
    finally:
        browser.call("Emulation.setEmulatedMedia", features=[])


# How it is reached.


def test_a_finger_finds_what_it_seeks(browser, tmp_path) -> None:
    shown(browser, tmp_path, PHONE)
    small = """[...document.querySelectorAll('button, select, header label')]
      .map(e => [e.textContent.slice(0, 20), e.getBoundingClientRect()])
      .filter(([, r]) => r.width && (r.width < 40 || r.height < 40)).map(([text]) => text)"""
    i = browser.value("zalgebra.thumbnails()[0]")
    x, y, w, h = browser.value("zalgebra.laid()[0]")
    left, top, *_ = box(browser)
    touch(browser, [(left + x + w / 2 - 4, top + y + h / 2 - 4)])  # its corner: what is seen
    browser.wait(f"document.querySelector('#cards .card')?.dataset.item === '{i}'")
    browser.value("document.getElementById('take').click()")
    browser.wait("!document.getElementById('chosen').hidden")
    assert browser.value(small) == []
    assert box(browser)[3] > 844 * 0.45  # the map still has room
    assert browser.value("document.documentElement.scrollWidth") == 390
    for what in ("copy", "spell", "clear", "take"):
        x, y, w, h = box(browser, f"document.getElementById('{what}')")
        assert x >= 0
        assert x + w <= 390
        assert y + h <= 844


def test_fingers_drag_and_pinch(browser, tmp_path) -> None:
    shown(browser, tmp_path, PHONE)
    before = at(browser, 7)
    touch(browser, [(200, 300)], *[[(200 + 6 * k, 300 + 4 * k)] for k in range(1, 9)])
    np.testing.assert_allclose(at(browser, 7), np.add(before, [48, 32]), atol=0.5)
    a, b = at(browser, 7), at(browser, 8)
    steps = [[(150 - 8 * k, 400 + 3 * k), (250 + 8 * k, 400 + 3 * k)] for k in range(9)]
    touch(browser, *steps)
    by = (100 + 16 * 8) / 100
    np.testing.assert_allclose(at(browser, 8) - at(browser, 7), by * (b - a), rtol=1e-3)
    np.testing.assert_allclose(at(browser, 7), [200, 424] + by * (a - [200, 400]), atol=1)
    assert browser.value("document.getElementById('pins').hidden")  # no finger tapped
    first = "document.querySelector('#legend button:nth-child(2)')"
    x, y, w, h = box(browser, first)
    for _ in range(2):
        touch(browser, [(x + w / 2, y + h / 2)])
    browser.wait("document.querySelectorAll('#legend [aria-pressed=true]').length === 1")
    assert browser.value(f"{first}.getAttribute('aria-pressed')") == "true"


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_a_tip_lies_inside_the_screen(browser, tmp_path, size) -> None:
    shown(browser, tmp_path, size, error=np.ones(600))
    browser.call("Emulation.setTouchEmulationEnabled", enabled=False)
    browser.value("document.getElementById('thumbs').click()")
    places, _ = crowd(len(NAMES))
    for i in {*places.argmin(axis=0), *places.argmax(axis=0)}:
        browser.mouse("Moved", *at(browser, int(i)))
        browser.wait("!document.getElementById('tip').hidden")
        x, y, w, h = box(browser, "document.getElementById('tip')")
        left, top, wide, high = box(browser)
        assert left <= x
        assert x + w <= left + wide
        assert top <= y
        assert y + h <= top + high


def test_keys_move_zoom_and_pin(browser, tmp_path) -> None:
    shown(browser, tmp_path, DESK)
    seen = []
    for _ in range(12):
        key(browser, "Tab")
        seen.append(browser.value("document.activeElement.id || document.activeElement.className"))
        if seen[-1] == "over":
            break
    assert {"label", "thumbs", "over"} <= set(seen)
    before = at(browser, 7)
    key(browser, "ArrowLeft")
    np.testing.assert_allclose(at(browser, 7), np.add(before, [60, 0]), atol=0.5)
    apart = at(browser, 8) - at(browser, 7)
    key(browser, "+", "+")
    np.testing.assert_allclose(at(browser, 8) - at(browser, 7), 1.4 * apart, rtol=1e-3)
    key(browser, "-", "-")
    key(browser, "0", "0")
    np.testing.assert_allclose(at(browser, 7), before, atol=0.5)
    key(browser, "Enter", "\r")
    browser.wait("document.querySelectorAll('#cards .card').length === 1")
    assert browser.value("document.activeElement.id") == "over"
    told = browser.value("document.getElementById('tip').textContent")
    assert re.search(r"img:\d+", told)  # what lies nearest to the middle is told


def test_the_selection_is_told_as_an_expression(browser, tmp_path) -> None:
    shown(browser, tmp_path, DESK)
    words = {
        (3,): "img:3",
        (7, 3): "mean(img:3, img:7)",
        (9, 3, 4, 5): "mean(img:3..5, img:9)",
        (1, 2, 8, 10, 11, 12, 13): "mean(img:1, img:2, img:8, img:10..13)",
    }
    prior = za.priors.Normal()
    items = za.Items(np.random.default_rng(0).standard_normal((20, 16)))
    for rows, expected in words.items():
        browser.value(f"zalgebra.select({list(rows)})")
        told = browser.value("document.getElementById('expression').value")
        assert told == expected
        plain = ", ".join(f"img:{i}" for i in sorted(rows))
        plain = f"mean({plain})" if len(rows) > 1 else plain
        mean, same = (za.evaluate(w, items).array(prior=prior) for w in (told, plain))
        np.testing.assert_allclose(mean, same)


def test_nothing_moves_by_itself() -> None:
    html = map_page(np.eye(2)).html
    assert not re.search(r"transition|animation|@keyframes|scroll-behavior|\"smooth\"", html)
