"""The report is one page that needs nothing else, and says nothing that it was not told."""

from __future__ import annotations

import base64
import importlib.util
import io
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from zalgebra.studio.report import Row, Section, Table, render, write
from zalgebra.types import BadInput

EVIL = "<script>alert('\"&')</script>"
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """The page's tags, balanced or not, and its images."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture
def page(colours) -> str:
    figure = Figure(figsize=(2, 1))
    figure.add_subplot().plot([0, 1])
    return render(
        f"Title {EVIL}",
        f"Lead {EVIL}",
        [
            Section(
                f"Heading {EVIL}",
                f"Text {EVIL}",
                rows=[
                    Row(colours, [f"a {EVIL}", "b"], label=f"Label {EVIL}", signs=["+", EVIL]),
                    Row(colours[:, :1], note=f"Note {EVIL}", bad=True),
                ],
                tables=[Table(["edit", EVIL], [["smile", "98 %"], [EVIL, "1"]])],
                figure=figure,
                alt=f"Map {EVIL}",
                after=f"After {EVIL}",
            ),
            Section("Empty", ""),
        ],
        {"data": EVIL, "seed": 0},
    )


def test_the_page_is_balanced_and_made_for_every_screen(page: str) -> None:
    parsed = Page(page)
    assert page.lower().startswith("<!doctype html>")
    assert parsed.all("html")[0]["lang"] == "en"
    metas = {m.get("name"): m.get("content") for m in parsed.all("meta")}
    assert "width=device-width" in metas["viewport"]
    assert metas["color-scheme"] == "light dark"
    assert "prefers-color-scheme: dark" in page
    assert any(m.get("charset") == "utf-8" for m in parsed.all("meta"))
    assert [len(parsed.all(tag)) for tag in ("title", "h1", "main", "footer")] == [1, 1, 1, 1]
    assert len(parsed.all("h2")) == 2


def test_the_page_needs_nothing_else(page: str) -> None:
    parsed = Page(page)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", page.split("data:image")[0])
    for tag, attrs in parsed.tags:
        assert tag not in {"script", "link", "iframe", "object", "embed"}
        for name, value in attrs.items():
            assert name not in {"href", "srcset", "action"}
            assert not name.startswith("on")
            assert name != "src" or str(value).startswith("data:image/png;base64,")


def test_what_was_told_is_text_and_no_markup(page: str) -> None:
    assert "<script" not in page
    parsed = Page(page)
    said = "".join(parsed.words)
    for word in ("Title", "Lead", "Heading", "Text", "Label", "Note", "After", "a"):
        assert f"{word} {EVIL}" in said
    assert any(i["alt"] == f"Map {EVIL}" for i in parsed.all("img"))


def test_every_image_decodes_to_what_was_given(page: str, colours) -> None:
    images = []
    for attrs in Page(page).all("img"):
        assert attrs["alt"]
        data = base64.b64decode(str(attrs["src"]).partition(",")[2], validate=True)
        with Image.open(io.BytesIO(data)) as image:
            images.append(np.asarray(image))
    assert len(images) == 4 + 4 + 1
    for i in range(4):
        expected = np.rint(colours[i].transpose(1, 2, 0) * 255)
        np.testing.assert_array_equal(images[i], expected)
        np.testing.assert_array_equal(images[4 + i], expected[..., 0])
    assert images[8].shape[0] == 130  # the figure: 1 inch


class Boxes(HTMLParser):
    """How many rows of pictures lie in each box that scrolls sideways."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        kind = dict(attrs).get("class")
        if kind == "rows":
            self.found.append(0)
        elif kind == "tiles":
            self.found[-1] += 1


def test_rows_of_as_many_pictures_lie_in_one_box_and_scroll_together(colours) -> None:
    rows = [Row(colours[:n], [f"{n}"] * n) for n in (4, 4, 2, 4, 4, 4)]
    page = render("t", "l", [Section("one", "", rows), Section("two", "", rows[:2])])
    Page(page)  # balanced
    assert Boxes(page).found == [2, 1, 3, 2]


def test_a_cell_has_the_words_of_its_column(page: str) -> None:
    assert [c["data-head"] for c in Page(page).all("td")] == [EVIL, EVIL]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no chromium on this machine")
def test_a_telephone_shows_pairs_together_and_whole_tables(colours, tmp_path: Path) -> None:
    file = Path(__file__).parents[2] / "docs" / "gallery" / "chromium.py"
    spec = importlib.util.spec_from_file_location("chromium", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    many = np.concatenate([colours] * 3)
    rows = [Row(many, label="before"), Row(many, note="a verdict of many words " * 5)]
    table = Table(["edit", *["a long heading"] * 8], [["smile", *["98 % [97, 99]"] * 8]])
    page = write(tmp_path / "report.html", render("t", "l", [Section("s", "", rows, [table])]))
    browser = module.Browser(tmp_path / "browser", size=(390, 844))
    try:
        browser.call("Page.navigate", url=page.as_uri())
        browser.wait("location.protocol === 'file:' && document.readyState === 'complete'")
        browser.value("void (document.querySelector('.rows').scrollLeft = 100)")
        boxes = "[...document.querySelectorAll({!r})].map(e => e.getBoundingClientRect().{})".format
        first, second = browser.value(boxes(".tile:first-child", "x"))
        assert first == second < -50
        assert min(browser.value(boxes(".label, .note", "x"))) > 0
        assert max(browser.value(boxes("td, .label, .note", "right"))) <= 390
        assert browser.value("document.documentElement.scrollWidth") <= 390
    finally:
        browser.close()


def test_signs_and_captions_stand_by_their_pictures(colours) -> None:
    tiles = Row(colours, ["a", "b"], signs=["+", "-"]).tiles()
    assert [(t["sign"], t["caption"]) for t in tiles] == [
        ("", "a"), ("+", "b"), ("-", ""), ("", "")
    ]  # fmt: skip


def test_pictures_beyond_the_range_are_clipped_and_nan_is_refused(colours) -> None:
    assert Row(colours * 9 - 1).tiles() == Row((colours * 9 - 1).clip(0, 1)).tiles()
    with pytest.raises(BadInput, match="NaN"):
        Row(colours * np.nan).tiles()


def test_the_page_is_written_whole(tmp_path: Path, page: str) -> None:
    assert write(tmp_path / "new" / "report.html", page).read_text(encoding="utf-8") == page
    assert len(list((tmp_path / "new").iterdir())) == 1
    with pytest.raises(BadInput, match="cannot write"):
        write(tmp_path / "new" / "report.html" / "x", page)
