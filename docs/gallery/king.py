"""king - man + woman, with its real answers: with and without the words of the question.

    .venv/bin/python docs/gallery/king.py

The word vectors of the folder that ``ZALGEBRA_DATA`` names (its README tells where they are from).
"""

from __future__ import annotations

import os
from pathlib import Path

from matplotlib.figure import Figure
from palette import ASSETS, save

import zalgebra as za

QUESTIONS = [  # plus, minus
    (["king", "woman"], ["man"]),
    (["paris", "germany"], ["france"]),
    (["bigger", "cold"], ["big"]),
]
FOUND, ASKED = "#00798c", "#5a5a5a"
TOP = 6


def picture(words: za.models.WordVectors) -> Figure:
    """The nearest words to each sum, those of the question hollow."""
    figure = Figure(figsize=(5.6, 7.4), dpi=110)
    for ax, (plus, minus) in zip(figure.subplots(len(QUESTIONS), 1), QUESTIONS, strict=True):
        found = words.most_similar(plus, minus, topn=TOP, exclude=False)
        cosines = [cosine for _, cosine in found]
        bars = ax.barh(range(TOP), cosines, color=FOUND, height=0.74)
        for i, (bar, (name, cosine)) in enumerate(zip(bars, found, strict=True)):
            told = ax.text(
                0.02, i, f"{name}  {cosine:.2f}", va="center", fontsize=12, color="white"
            )
            if name in (*plus, *minus):
                bar.set(facecolor="white", edgecolor=ASKED, linestyle="--", linewidth=1.4)
                told.set(color=ASKED, text=f"{told.get_text()}   asked with")
            print(f"| {' + '.join(plus)} - {minus[0]} | {name} | {cosine:.3f} |")
        ax.set_title(f"{plus[0]} − {minus[0]} + {plus[1]}", fontsize=14, loc="left")
        ax.invert_yaxis()
        ax.set_axis_off()
        ax.set_xlim(0, 1)
    figure.tight_layout()
    return figure


def main() -> None:
    folder = Path(os.environ.get("ZALGEBRA_DATA", "data")) / "word_vectors"
    file = next(f for f in sorted(folder.iterdir()) if f.suffix in (".npz", ".gz", ".txt", ".bin"))
    save(picture(za.models.WordVectors.load_vectors(file)), ASSETS / "king.png")


if __name__ == "__main__":
    main()
