"""Word vectors beside gensim, analogies both ways, debiasing, sentences: ``./dev bench words``.

Reads ``word_vectors``, ``wiki_corpus`` and ``word_benchmarks`` under ``$ZALGEBRA_DATA``. Parts, all
by default (``--part``): ``given``, the vectors given there; ``trained``, vectors trained here on
the whole corpus (33.8 M tokens, 5 passes, 6 to 15 minutes on two threads; ``--keep FILE`` keeps
them for another run); ``debias``; ``sentences``; ``queries``, batches on 400,000 × 300 random
vectors. The tables are Markdown, as they stand in ``docs/models/words.md``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

import zalgebra as za
from _timing import machine, table
from _word_parts import DATA, GIVEN, debias, gensims, queries, sentences
from zalgebra.models.analogy_report import AnalogyReport, AnalogyScore
from zalgebra.models.vector_files import read_vectors
from zalgebra.models.words import WordVectors

CORPUS = sorted((DATA / "wiki_corpus").glob("wiki_part*.txt.gz"))
QUESTIONS = DATA / "word_benchmarks" / "questions-words.txt.gz"
PAIRS = {"WordSim-353": "EN-WS-353-ALL", "SimLex-999": "EN-SIMLEX-999"}
OBJECTIVES = {"3cosadd": "3CosAdd", "3cosmul": "3CosMul", "pairdirection": "PairDirection"}
RESTRICT, SHUFFLES, SEED = 30_000, 10, 1
TRAINING = {"min_count": 20, "window": 8, "negative": 12, "subsample": 1e-4,
            "learning_rate": 0.05, "epochs": 5}  # fmt: skip


def percent(score: AnalogyScore) -> str:
    low, high = score.interval
    return f"{100 * score.accuracy:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def analogies(wv: WordVectors) -> None:
    start = time.perf_counter()
    report = wv.evaluate_analogies(QUESTIONS, restrict_vocab=RESTRICT)
    seconds = time.perf_counter() - start
    shuffled = wv.evaluate_analogies(QUESTIONS, restrict_vocab=RESTRICT, shuffles=SHUFFLES)
    relations = held_out(wv, report)
    rows = []
    for name in (*report.sections, None):
        d, k = (shuffled.scores(drop=drop)[name] if name else shuffled.total(drop=drop)
                for drop in (True, False))  # fmt: skip
        unseen = relations[name] if name else mean_of(list(relations.values()))
        rows.append([name or "**all**", f"{d.n} of {d.asked}", percent(d), share(d.baseline),
                     percent(k), share(k.baseline), unseen])  # fmt: skip
    head = ["section", "covered", "dropped, %", "shuffled", "kept, %", "shuffled",
            "3CosAvg, unseen pair, dropped, %"]  # fmt: skip
    print(table(head, rows), "\n")
    rows = []
    for method, name in OBJECTIVES.items():
        found = wv.evaluate_analogies(QUESTIONS, restrict_vocab=RESTRICT, method=method)
        rows.append([name, percent(found.total(drop=True)), percent(found.total(drop=False))])
    print(table(["objective, all questions", "dropped, %", "kept, %"], rows), "\n")
    against_gensim(wv, report, seconds)


def held_out(wv: WordVectors, report: AnalogyReport) -> dict[str, str]:
    """3CosAvg of each section: every pair answered by the mean step of the others."""
    found = {}
    for i, name in enumerate(report.sections):
        quadruples = report.questions[report.section == i].tolist()
        pairs = sorted({pair for a, b, c, d in quadruples for pair in ((a, b), (c, d))})
        score = wv.evaluate_relation(wv.relation(pairs)) if len(pairs) > 1 else None
        found[name] = f"{100 * score.accuracy:.1f} (n = {score.n})" if score else ""
    return found


def mean_of(figures: list[str]) -> str:
    parts = [text.rstrip(")").split(" (n = ") for text in figures if text]
    n = sum(int(size) for _, size in parts)
    return f"{sum(float(p) * int(size) for p, size in parts) / n:.1f} (n = {n})"


def against_gensim(wv: WordVectors, report: AnalogyReport, seconds: float) -> None:
    """Gensim's own figures, and on how many questions it judges or answers otherwise.

    It always drops the question's words; asked with their unit vectors instead of their names it
    cannot know them, and so keeps them.
    """
    kv = gensims(wv)
    start = time.perf_counter()
    score, sections = kv.evaluate_word_analogies(str(QUESTIONS), restrict_vocab=RESTRICT)
    theirs = time.perf_counter() - start
    right = {(s["section"], *q) for s in sections[:-1] for q in s["correct"]}
    asked = list(zip(report.section, report.questions, strict=True))
    judged = [(report.sections[s], *(w.upper() for w in q)) in right for s, q in asked]
    units = [[kv.get_vector(word, norm=True) for word in q] for _, q in asked]
    kept = [
        kv.most_similar([b, c], [a], topn=1, restrict_vocab=RESTRICT)[0][0] for a, b, c, _ in units
    ]
    hits = np.mean(np.array(kept) == report.questions[:, 3])
    d, k = report.total(drop=True).accuracy, report.total(drop=False).accuracy
    print(
        f"dropped: {100 * d:.3f} %, gensim's `evaluate_word_analogies` {100 * score:.3f} %, judged "
        f"otherwise on {int(np.sum(np.array(judged) != report.right_dropped))} of {len(asked)} "
        f"questions; {seconds:.1f} s here, both figures with intervals, {theirs:.1f} s there\n"
        f"kept: {100 * k:.3f} %, gensim's `most_similar` of the words' vectors {100 * hits:.3f} %, "
        f"answered otherwise on {int(np.sum(np.array(kept) != report.kept))} of {len(asked)}\n"
    )


def similarity(wv: WordVectors) -> None:
    kv, rows = gensims(wv), []
    for name, file in PAIRS.items():
        path = DATA / "word_benchmarks" / f"{file}.txt.gz"
        for unknown in ("drop", "zero"):
            r = wv.evaluate_word_pairs(path, unknown=unknown)
            pearson, spearman, _ = kv.evaluate_word_pairs(
                str(path), dummy4unknown=unknown == "zero"
            )
            low, high = r.spearman_interval
            rows.append([f"{name}, unknown {'dropped' if unknown == 'drop' else 'as 0'}",
                         f"{r.n} of {r.asked}", f"{r.spearman:.4f} [{low:.3f}, {high:.3f}]",
                         *(f"{x:.4f}" for x in (spearman[0], r.pearson, pearson[0]))])  # fmt: skip
    head = ["pairs", "n", "Spearman's ρ", "gensim", "Pearson's r", "gensim"]
    print(table(head, rows), "\n")


def common(wv: WordVectors) -> None:
    rows = []
    for name, (centre, k) in {"as they are": (False, 0), "centred": (True, 0),
                              "centred, 1 direction out": (True, 1),
                              "centred, 3 directions out": (True, 3)}.items():  # fmt: skip
        left = WordVectors.from_arrays(wv.words, wv.vectors, centre=centre, components=k)
        found, report = left.isotropy(), left.evaluate_analogies(QUESTIONS, restrict_vocab=RESTRICT)
        pairs = [
            left.evaluate_word_pairs(DATA / "word_benchmarks" / f"{file}.txt.gz").spearman
            for file in PAIRS.values()
        ]
        both = (report.total(drop=drop).accuracy for drop in (True, False))
        rows.append([name, f"{found.mean_cosine:.4f}", f"{found.partition:.3f}",
                     f"{100 * found.leading:.1f}", *map(share, both),
                     *(f"{rho:.3f}" for rho in pairs)])  # fmt: skip
    head = ["vectors", "mean cosine", "partition", "leading, %", "analogies dropped, %", "kept, %",
            *PAIRS]  # fmt: skip
    print(table(head, rows), "\n")


def king(wv: WordVectors) -> None:
    z = za.evaluate("king - man + woman", wv).array(method="linear")
    asked = (["king", "woman"], "man", 6)
    gender = wv.relation(
        [("man", "woman"), ("he", "she"), ("father", "mother"), ("son", "daughter")]
    )
    lists = {
        '`za.evaluate("king - man + woman", wv)`': wv.nearest(z, 6),
        "`most_similar`, all words": wv.most_similar(*asked, exclude=False),
        "`most_similar`, question words dropped": wv.most_similar(*asked),
        "the same by 3CosMul": wv.most_similar(*asked, method="3cosmul"),
        "`analogy`, PairDirection": wv.analogy("man", "king", "woman", 6, method="pairdirection"),
        "`follow`, mean of 4 pairs (3CosAvg)": wv.follow(gender, "king", 6),
    }
    rows = [[name, ", ".join(f"{w} {s:.3f}" for w, s in found)] for name, found in lists.items()]
    print(table(["", "answers"], rows).replace("---:", "---"), "\n")


def show(wv: WordVectors) -> None:
    common(wv)
    analogies(wv)
    similarity(wv)
    king(wv)


def given() -> None:
    wv = WordVectors.load_vectors(GIVEN)
    print(f"\n## The given vectors: {len(wv)} words, {wv.vectors.shape[1]} entries\n")
    show(wv)


def trained(workers: int, keep: Path | None) -> None:
    if keep is not None and keep.exists():
        wv = WordVectors.from_arrays(*read_vectors(keep))
        with np.load(keep) as file:
            taken = float(file["seconds"])
    else:
        start = time.perf_counter()
        wv = WordVectors(100, workers=workers, random_state=SEED, **TRAINING).fit(CORPUS)
        taken = time.perf_counter() - start
        if keep is not None:
            arrays = {"words": np.array(wv.words), "vectors": wv.vectors, "counts": wv.counts}
            np.savez(keep, **arrays, seconds=taken)
    print(
        f"\n## Trained here on {len(CORPUS)} files: {len(wv)} words, {wv.counts.sum():,} of their "
        f"tokens, seed {SEED}, {workers} threads, {taken:.0f} s; {TRAINING}\n"
    )
    show(wv)


def main() -> None:
    parts = {"given": given, "trained": trained, "debias": debias, "sentences": sentences,
             "queries": queries}  # fmt: skip
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--part", choices=parts, nargs="+", default=list(parts))
    parser.add_argument("--workers", type=int, default=2, help="threads of word2vec")
    parser.add_argument("--keep", type=Path, help="an .npz for the trained vectors")
    options = parser.parse_args()
    print(machine())
    for name in options.part:
        parts[name](options.workers, options.keep) if name == "trained" else parts[name]()


if __name__ == "__main__":
    main()
