"""The page of a map: what it holds, and what it does in a real browser."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("jinja2")

from PIL import Image

from zalgebra.studio.map_items import map_items
from zalgebra.studio.map_page import KINDS, map_page
from zalgebra.studio.map_sprites import EDGE, LARGEST, SIDES, TILES, curve, sheets_of
from zalgebra.types import BadInput

ROOT = Path(__file__).resolve().parents[2]
CLASSES = ["T-shirt/top", "</script><b>Sandal</b>", "Bag"]


def tints(n: int) -> np.ndarray:
    """A colour for each item, apart from those of its neighbours in number."""
    return np.random.default_rng(1).integers(0, 5, (n, 3)) / 4


def plain(n: int, size: tuple[int, int] = (16, 16)) -> np.ndarray:
    """Pictures of one colour each."""
    return np.broadcast_to(tints(n)[:, :, None, None], (n, 3, *size))


def held(html: str) -> dict:
    """The data of a page."""
    return json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])


def numbers(text: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


def pixels(sheet: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet))).convert("RGB")) / 255


# Thumbnails.


@pytest.mark.parametrize("size", [(16, 16), (8, 8), (28, 28), (20, 36), (100, 30)])
def test_each_thumbnail_is_where_it_is_said_to_be(size) -> None:
    n = 600
    pictures, order = plain(n, size), np.random.default_rng(0).permutation(n)
    found = sheets_of(lambda rows: pictures[rows], order, megabytes=8)
    (w, h), (W, H) = found.tile, found.cell
    assert len(found.sheets) == 3
    assert w / h == pytest.approx(size[1] / size[0], rel=0.05)
    assert max(w, h) == min(max(size), LARGEST)
    sheets = [pixels(s) for s in found.sheets]
    for slot, row in enumerate(found.order):
        at = slot % TILES**2
        x, y = at % TILES * W + EDGE, at // TILES * H + EDGE
        tile = sheets[slot // TILES**2][y : y + h, x : x + w]
        np.testing.assert_allclose(tile, np.broadcast_to(tints(n)[row], tile.shape), atol=0.08)


@pytest.mark.parametrize("side", [8, 32, 64])
def test_a_thumbnail_is_not_off_by_a_pixel(side) -> None:
    halves = np.zeros((3, 1, side, side))
    halves[:, :, :, side // 2 :] = halves[:, :, side // 2 :] = 1  # dark upper left quarter
    found = sheets_of(lambda rows: halves[rows], np.arange(3), megabytes=8)
    for k in range(3):
        left, end = k * found.cell[0] + EDGE, EDGE + side // 2
        sheet, middle = pixels(found.sheets[0])[..., 0], left + side // 2
        assert (sheet[EDGE:end, left:middle] < 0.5).all()
        assert (sheet[EDGE:end, middle : left + side] > 0.5).all()
        assert (sheet[end : EDGE + side, left:middle] > 0.5).all()


def test_the_budget_is_kept() -> None:
    noise = np.random.default_rng(0).random((150, 3, 64, 64))
    seen = []
    for megabytes in (1.0, 0.2, 0.07, 0.01):
        found = sheets_of(lambda rows: noise[rows], np.arange(150), megabytes=megabytes)
        assert 0 < found.megabytes <= megabytes
        seen.append((max(found.tile), len(found.order)))
    assert seen == sorted(seen, reverse=True)
    assert seen[0] == (64, 150)
    assert seen[-1][0] == SIDES[-1]
    assert seen[-1][1] < 150  # the smallest thumbnails are too many: some items have none
    with pytest.raises(BadInput, match="are too few for thumbnails of 150 items"):
        sheets_of(lambda rows: noise[rows], np.arange(150), megabytes=1e-5)


@pytest.mark.parametrize("megabytes", [0, -1, np.nan])
def test_a_budget_is_a_positive_number(megabytes) -> None:
    with pytest.raises(BadInput, match="`megabytes` must be a positive number"):
        sheets_of(lambda rows: plain(4)[rows], np.arange(4), megabytes=megabytes)


def test_neighbours_on_the_map_share_a_sheet() -> None:
    points = np.random.default_rng(0).random((4096, 2)) * [1, 50]
    order = curve(points)
    assert sorted(order) == list(range(4096))
    spans = [np.ptp(points[order[i : i + 256]], axis=0) / [1, 50] for i in range(0, 4096, 256)]
    assert np.mean(spans) < 0.4  # a sixteenth of the square each, and not strewn over all
    assert sorted(curve(np.zeros((3, 2)))) == [0, 1, 2]


# The page.


def test_the_page_holds_what_it_was_given() -> None:
    rng = np.random.default_rng(0)
    places, classes, ages = rng.standard_normal((50, 2)), rng.integers(0, 3, 50), rng.random(50)
    ages[3] = np.nan
    labels = {"class": classes, "age": ages, "kind": np.array(["a", "b"] * 25), "on": classes > 0}
    error = np.linspace(1, 3, 50)
    page = map_page(places, plain(50), labels=labels, classes={"class": CLASSES}, first="age",
                    numbers=np.arange(50) + 100, error=error, worst=4, title="A & <B>")  # fmt: skip
    data = held(page.html)
    np.testing.assert_array_equal(numbers(data["places"], "<f4"), places.astype("f4").ravel())
    np.testing.assert_array_equal(numbers(data["numbers"], "<i4"), np.arange(50) + 100)
    age, group, kind, on = data["labels"]
    assert [age["name"], group["name"], kind["names"]] == ["age", "class", ["a", "b"]]
    assert (age["low"], age["high"]) == (np.nanmin(ages), np.nanmax(ages))
    np.testing.assert_array_equal(numbers(age["values"], "<f4"), ages.astype("f4"))
    np.testing.assert_array_equal(numbers(group["values"], "<u2"), classes)
    assert group["names"] == CLASSES
    assert on["names"] == ["on 0", "on 1"]
    fade = numbers(data["fade"], "u1")
    assert fade[0] == 255
    assert (np.diff(fade.astype(int)) <= 0).all()
    assert 90 < fade[-1] < 120  # 1 - 0.88 * 2 / 3 of 255
    sprites = data["sprites"]
    sheet = pixels(re.search(r'id="sheet-0">(.*?)</script>', page.html)[1])
    for i, slot in enumerate(numbers(sprites["slot"], "<i4")):
        x, y = (
            k * c + EDGE + 3
            for k, c in zip(divmod(slot, TILES)[::-1], sprites["cell"], strict=True)
        )
        np.testing.assert_allclose(sheet[y, x], tints(50)[i], atol=0.06)
    assert "<title>A &amp; &lt;B&gt;</title>" in page.html
    assert page.html.count("</script><b>") == 0
    assert page.sentence.startswith("50 items, 0.0 MB, of which 0.0 thumbnails of 16 × 16")


def test_a_page_without_anything_else() -> None:
    page = map_page(np.zeros((1, 2)))
    data = held(page.html)
    assert data["labels"] == []
    assert data["sprites"] is data["fade"] is data["numbers"] is None
    assert page.sheets is None


def test_the_page_asks_nothing_of_the_network() -> None:
    html = map_page(np.eye(2), plain(2)).html
    assert "default-src 'none'" in html
    assert not re.search(r"https?://|<link|@import|fetch\(|XMLHttpRequest|src=", html)


@pytest.mark.parametrize(
    ("points", "how", "sentence"),
    [
        (np.zeros((3, 3)), {}, r"must have shape \(n, 2\), got \(3, 3\)"),
        (np.full((3, 2), np.inf), {}, "must be finite"),
        (np.zeros((3, 2)), {"pictures": plain(2)}, r"`pictures` must be one a point \(3\), got 2"),
        (np.zeros((3, 2)), {"labels": {"a": [1]}}, r"label 'a' must be one a point \(3\), got 1"),
        (np.zeros((3, 2)), {"error": [0, 1, np.nan]}, "`error` must be finite"),
        (np.zeros((3, 2)), {"first": "age"}, "`first` must be one of no labels"),
        (np.zeros((2, 2)), {"labels": {"a": [0, 2]}, "classes": {"a": "xy"}}, "numbers below 2"),
        (np.zeros((201, 2)), {"labels": {"a": np.arange(201).astype(str)}}, f"at most {KINDS}"),
        (np.zeros((2, 2)), {"pictures": np.zeros((2, 4, 8, 8))}, "pictures must have shape"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(points, how, sentence) -> None:
    how = dict(how)
    with pytest.raises(BadInput, match=sentence):
        map_page(points, how.pop("pictures", None), **how)


def test_a_page_is_written_where_a_browser_finds_it(tmp_path) -> None:
    page = map_page(np.eye(2))
    for name in ("map.txt", "map", "map.html.gz", "html"):
        with pytest.raises(BadInput, match=r"must end in \.html or \.htm"):
            page.write(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    for name in ("map.html", "map.HTM"):
        assert page.write(tmp_path / name).read_text(encoding="utf-8") == page.html


# A workspace.


def test_a_workspace_has_a_page(space) -> None:
    found = map_items(space, method="pca", n=60, seed=1)
    data = held(found.page(space, colour="smile").html)
    assert data["n"] == 60
    np.testing.assert_array_equal(numbers(data["numbers"], "<i4"), found.rows)
    assert data["labels"][0]["name"] == "smile"
    assert {label["name"] for label in data["labels"]} == set(space.items.labels)
    assert numbers(data["fade"], "u1").max() == 255
    assert held(found.page(space, colour="none").html)["labels"] == []
    with pytest.raises(BadInput, match="there is no label 'charm'"):
        found.page(space, colour="charm")


def test_the_command_writes_a_page_or_a_folder(zalgebra, encoded) -> None:
    words = ("map", "-w", encoded, "--method", "pca", "--n", 40)
    told = zalgebra(*words, "-o", "m.html", "--megabytes", 1).out
    assert "m.html: 40 items, 0." in told
    assert held(Path("m.html").read_text())["n"] == 40
    said = zalgebra(*words, "-o", "all", "--inverse", "--columns", 3, "--json").json()
    assert sorted(p.name for p in Path("all").iterdir()) == [
        "map.html", "map.png", "map.safetensors",
    ]  # fmt: skip
    assert said["page"] == "all/map.html"
    assert said["saved"] == "all/map.safetensors"
    assert "not on a page" in zalgebra(*words, "-o", "m.html", "--inverse").sentence()
    Path("file").write_text("mine")
    assert "file is a file" in zalgebra(*words, "-o", "file").sentence()


# A browser.

needs_browser = pytest.mark.skipif(
    not (shutil.which("chromium") or shutil.which("chromium-browser")),
    reason="no chromium on this machine",
)
BOX = (
    "(r => [r.x, r.y, r.width, r.height])(document.getElementById('over').getBoundingClientRect())"
)
CARD = "document.getElementById('tip')"


def tool():
    spec = importlib.util.spec_from_file_location("chromium", ROOT / "docs/gallery/chromium.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=["webgl2", "2d"])
def browser(request, tmp_path_factory):
    """A browser with WebGL, and one without."""
    options = (
        [] if request.param == "webgl2" else ["--disable-gpu", "--disable-software-rasterizer"]
    )
    opened = tool().Browser(tmp_path_factory.mktemp("chromium"), *options)
    opened.renderer = request.param
    yield opened
    opened.close()


@pytest.fixture
def shown(browser, tmp_path):
    """A page of 900 items on a lattice of 30 by 30, which the browser shows without thumbnails."""
    places = np.stack(np.divmod(np.arange(900), 30), axis=1).astype(float)
    page = map_page(places, plain(900), labels={"class": np.arange(900) % 3, "row": places[:, 0]},
                    classes={"class": CLASSES}, numbers=np.arange(900) + 1000)  # fmt: skip
    browser.events.clear()
    browser.open(page.write(tmp_path / "map.html"))
    browser.value("document.getElementById('thumbs').click()")
    browser.wait("!zalgebra.thumbnails().length")
    yield browser
    assert browser.complaints() == []


def at(browser, i: int) -> tuple[float, float]:
    x, y = browser.value(f"zalgebra.place({i})")
    left, top, *_ = browser.value(BOX)
    return left + x, top + y


def thumbnail(browser) -> np.ndarray:
    """The middle of the thumbnail in the card, once it is drawn."""
    browser.wait(f"{CARD}.dataset.thumbnail === 'drawn'")
    return np.array(browser.value(
        f"(c => [...c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data])"
        f"({CARD}.querySelector('canvas'))"
    )[:3]) / 255  # fmt: skip


@needs_browser
def test_pointing_at_a_dot_shows_its_label_and_thumbnail(shown) -> None:
    assert shown.value("zalgebra.renderer") == shown.renderer
    for i in (0, 431, 899):
        shown.mouse("Moved", *at(shown, i))
        shown.wait(f"{CARD}.dataset.item === '{1000 + i}'")
        np.testing.assert_allclose(thumbnail(shown), tints(900)[i], atol=0.06)
        said = shown.value(f"{CARD}.textContent")
        assert said.startswith(f"{CLASSES[i % 3]} · img:{1000 + i}")
        assert f"row: {i // 30}" in said
    shown.mouse("Moved", *np.add(at(shown, 0), [-40, 30]))
    shown.wait(f"{CARD}.hidden")


@needs_browser
def test_dots_are_drawn_where_they_are(shown, tmp_path) -> None:
    picture = np.asarray(Image.open(shown.picture(tmp_path / "a.png")).convert("RGB")).astype(int)
    paper = picture[60, 5]
    for i in (0, 7, 431, 899):
        x, y = map(round, at(shown, i))
        if np.abs(picture[y, x] - picture[y, x].mean()).max() > 3:  # not under a name
            assert np.abs(picture[y, x] - paper).max() > 40
    assert np.abs(picture[60:690, 5] - paper).max() == 0


@needs_browser
def test_dragging_moves_and_the_wheel_zooms_at_the_pointer(shown) -> None:
    before = np.array(at(shown, 431))
    shown.drag(before, before + 20, before + 90)
    np.testing.assert_allclose(at(shown, 431), before + 90, atol=0.5)
    apart = np.subtract(at(shown, 432), at(shown, 431))
    shown.mouse("Wheel", *at(shown, 431), deltaX=0, deltaY=-300)
    shown.wait(f"Math.hypot(...zalgebra.place(432).map((v, k) => v - zalgebra.place(431)[k])) > "
               f"{1.4 * np.hypot(*apart)}")  # fmt: skip
    np.testing.assert_allclose(at(shown, 431), before + 90, atol=0.5)
    shown.value("document.getElementById('fit').click()")
    np.testing.assert_allclose(at(shown, 431), before, atol=0.5)


@needs_browser
def test_a_click_pins_and_a_second_one_unpins(shown) -> None:
    cards = "document.querySelectorAll('#pins .card').length"
    shown.click(*at(shown, 40))
    assert shown.value(cards) == 1
    assert "img:1040" in shown.value("document.getElementById('pins').textContent")
    shown.click(*at(shown, 700))
    assert shown.value(cards) == 2
    shown.click(*at(shown, 40))
    assert shown.value(cards) == 1
    shown.value("document.querySelector('#pins button').click()")
    assert shown.value(cards) == 0


@needs_browser
def test_boxes_and_lassos_select_what_they_hold(shown) -> None:
    (x0, y0), (x1, y1) = at(shown, 0), at(shown, 31 * 3)  # rows and columns 0 to 3
    half = abs(y1 - y0) / 6
    shown.value("document.querySelector('[data-tool=box]').click()")
    shown.drag((x0 - half, y0 + half), (x1, y1), (x1 + half, y1 - half))
    block = [1000 + 30 * r + c for r in range(4) for c in range(4)]
    assert json.loads(shown.value("document.getElementById('numbers').value")) == block
    assert shown.value("document.getElementById('count').textContent") == "16 selected"
    assert sorted(shown.value("zalgebra.selection()")) == block
    shown.value("document.querySelector('[data-tool=lasso]').click()")
    x, y = at(shown, 899)
    ring = [(x + 9 * np.cos(a), y + 9 * np.sin(a)) for a in np.linspace(0, 6, 12)]
    shown.drag(*ring)
    assert shown.value("zalgebra.selection()") == [1899]
    shown.value("document.getElementById('clear').click()")
    assert shown.value("document.getElementById('chosen').hidden")


@needs_browser
def test_the_legend_hides_and_shows_groups(shown) -> None:
    first = "document.querySelector('#legend button')"
    assert shown.value("document.getElementById('legend').textContent").count("300") == 3
    shown.value(f"{first}.click()")
    assert shown.value(f"{first}.getAttribute('aria-pressed')") == "false"
    shown.mouse("Moved", *at(shown, 3))  # of the hidden group
    assert shown.value("zalgebra.hovered()") != 3
    shown.value("document.querySelector('[data-tool=box]').click()")
    left, top, w, h = shown.value(BOX)
    shown.drag((left + 1, top + 1), (left + w / 2, top + h / 2), (left + w - 1, top + h - 1))
    assert len(shown.value("zalgebra.selection()")) == 600
    shown.value("(e => { e.value = 1; e.dispatchEvent(new Event('change')) })"
                "(document.getElementById('label'))")  # fmt: skip
    assert shown.value("document.querySelector('.ends').textContent") == "029"


@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize("browser", ["webgl2"], indirect=True)
def test_a_hundred_thousand_items_open_pan_and_show_thumbnails(browser, tmp_path) -> None:
    n = 100_000
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 10, n)
    places = rng.standard_normal((10, 2))[groups] * 8 + rng.standard_normal((n, 2))
    colours = tints(n)

    def pictures(rows: np.ndarray) -> np.ndarray:
        return np.broadcast_to(colours[rows][:, :, None, None], (len(rows), 3, 14, 14))

    page = map_page(places, pictures, labels={"class": groups}, error=rng.random(n))
    assert page.sheets.megabytes <= 24
    assert len(page.sheets.order) == n
    browser.events.clear()
    browser.open(page.write(tmp_path / "map.html"))
    assert browser.value("document.body.dataset.ready") == str(n)
    alone = int(np.argmax(np.abs(places - places.mean(axis=0)).sum(axis=1)))  # the outermost
    browser.mouse("Moved", *at(browser, alone))
    browser.wait(f"{CARD}.dataset.item === '{alone}'")
    np.testing.assert_allclose(thumbnail(browser), colours[alone], atol=0.06)
    before, frames = at(browser, alone), browser.value("zalgebra.frames")
    browser.drag(*[(300 + 5 * k, 300 + 2 * k) for k in range(20)])
    np.testing.assert_allclose(at(browser, alone), np.add(before, [95, 38]), atol=0.5)
    assert browser.value("zalgebra.frames") > frames + 10
    for _ in range(8):
        browser.mouse("Wheel", *at(browser, 0), deltaX=0, deltaY=-400)
    browser.wait("zalgebra.thumbnails().length > 5")
    assert browser.complaints() == []
