"""The main job, end to end, with the bundled model: the figures that the project promises."""

from __future__ import annotations

import json
import subprocess
import sys
from html.parser import HTMLParser

import pytest


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "zalgebra", "demo", "-o", str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_results_are_what_was_printed(faces):
    folder, results = faces
    assert json.loads((folder / "results.json").read_text()) == results


@pytest.mark.parametrize(
    ("edit", "share"),
    [
        ("add a smile", 0.95),
        ("add glasses", 0.90),
        ("remove the beard", 0.90),
        ("smile, then glasses, then turn", 0.85),
    ],
)
def test_edits_work_on_faces_the_model_has_not_seen(faces, edit, share):
    success = faces[1]["edits"][edit]["success"]
    assert success["n"] >= 50
    assert success["value"] >= share


@pytest.mark.parametrize("edit", ["add a smile", "add glasses", "remove the beard"])
def test_single_edits_leave_the_rest(faces, edit):
    moved = {k: s["value"] for k, s in faces[1]["edits"][edit]["leakage"].items()}
    assert len(moved) == 13
    assert max(moved.values()) <= 0.35, moved
    assert sorted(moved.values())[6] <= 0.1, moved


def test_the_judge_reads_well_enough_to_judge(faces):
    assert len(faces[1]["judge"]) == 14
    assert min(faces[1]["judge"].values()) >= 0.95


def test_averages_lose_their_variance_under_lerp_only(faces):
    ratio = {m: c["effects"]["norm"][0] for m, c in faces[1]["centroid"].items()}
    assert ratio["linear"] < 0.5 < ratio["slerp"]
    assert ratio["lol"] > 0.7


def test_the_report_is_one_self_contained_page(faces):
    page = (faces[0] / "report.html").read_text()
    sources = []

    class Sources(HTMLParser):
        def handle_starttag(self, tag, attrs):
            sources.extend(v for k, v in attrs if k in ("src", "href"))

    Sources().feed(page)
    assert len(sources) > 100
    assert all(s.startswith("data:image/png;base64,") for s in sources)


def test_the_workspace_is_ready_for_the_next_command(faces):
    space = str(faces[0] / "faces.zal")
    picture = faces[0] / "edit.png"
    command = [sys.executable, "-m", "zalgebra", "edit", "img:12", "+ 30° smile - glasses"]
    done = subprocess.run(
        [*command, "-w", space, "-o", str(picture)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert picture.stat().st_size > 1000
