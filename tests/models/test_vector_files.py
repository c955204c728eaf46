"""Files of word vectors come back as they were, in every format, and damage is one sentence."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from zalgebra.models.vector_files import read_vectors, write_vectors
from zalgebra.types import BadInput, MissingExtra

WORDS = ["the", "café", "1999", "東京", "a_b", "don't"]
TABLE = np.random.default_rng(0).standard_normal((6, 7)).astype(np.float32)


@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.txt.gz", "v.bin.gz"])
def test_a_file_comes_back_to_the_bit(tmp_path: Path, name: str) -> None:
    path = write_vectors(tmp_path / name, WORDS, TABLE, binary=".bin" in name)
    words, vectors, counts = read_vectors(path)
    assert words == WORDS
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, TABLE)
    assert counts is None
    few = read_vectors(path, limit=2)
    assert few.words == WORDS[:2]
    np.testing.assert_array_equal(few.vectors, TABLE[:2])


@pytest.mark.parametrize("binary", [False, True])
def test_gensim_and_we_read_each_others_files(tmp_path: Path, binary: bool) -> None:
    keyed = pytest.importorskip("gensim.models").KeyedVectors
    ours = write_vectors(tmp_path / "ours", WORDS, TABLE, binary=binary)
    kv = keyed.load_word2vec_format(str(ours), binary=binary)
    assert kv.index_to_key == WORDS
    np.testing.assert_array_equal(kv.vectors, TABLE)
    kv.save_word2vec_format(str(tmp_path / "theirs"), binary=binary, sort_attr=None)
    back = read_vectors(tmp_path / "theirs")
    assert back.words == WORDS
    np.testing.assert_array_equal(back.vectors, TABLE)


def test_glove_has_no_first_line_and_words_with_blanks(tmp_path: Path) -> None:
    path = tmp_path / "glove.txt"
    path.write_text("the 1 2.5 -3e-1\n. . . 0 1 2\nat name@domain.com 4 5 6\n")
    found = read_vectors(path)
    assert found.words == ["the", ". . .", "at name@domain.com"]
    np.testing.assert_allclose(found.vectors, [[1, 2.5, -0.3], [0, 1, 2], [4, 5, 6]])


def test_fasttext_text_ends_its_lines_with_a_blank(tmp_path: Path) -> None:
    path = tmp_path / "wiki.vec"
    path.write_text("2 3\n</s> 1 2 3 \nhot 4 5 6 \n")
    found = read_vectors(path)
    assert found.words == ["</s>", "hot"]
    assert found.vectors.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_word2vecs_own_binary_has_no_line_ends(tmp_path: Path) -> None:
    rows = (w.encode() + b" " + row.tobytes() for w, row in zip(WORDS, TABLE, strict=True))
    path = tmp_path / "google.bin"
    path.write_bytes(b"6 7\n" + b"".join(rows))
    found = read_vectors(path)
    assert found.words == WORDS
    np.testing.assert_array_equal(found.vectors, TABLE)


def test_a_long_binary_file_is_read_across_chunks(tmp_path: Path) -> None:
    table = np.random.default_rng(1).standard_normal((40_000, 16)).astype(np.float32)
    words = [f"word{i}" for i in range(len(table))]
    found = read_vectors(write_vectors(tmp_path / "long.bin", words, table, binary=True))
    assert found.words == words
    np.testing.assert_array_equal(found.vectors, table)


def test_fasttexts_binary_is_read_through_gensim(tmp_path: Path) -> None:
    fasttext = pytest.importorskip("gensim.models.fasttext")
    settings = {"vector_size": 8, "min_count": 1, "epochs": 1, "bucket": 100, "workers": 1}
    model = fasttext.FastText([["hot", "cold", "hot"]] * 5, **settings)
    fasttext.save_facebook_model(model, str(tmp_path / "wiki.bin"))
    found = read_vectors(tmp_path / "wiki.bin")
    assert found.words == ["hot", "cold"]
    np.testing.assert_array_equal(found.counts, [10, 5])
    np.testing.assert_allclose(found.vectors, model.wv.vectors, atol=1e-6)


def test_fasttexts_binary_without_gensim_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gensim.models.fasttext", None)
    (tmp_path / "wiki.bin").write_bytes((793_712_314).to_bytes(4, "little") + b"\x0c\0\0\0")
    with pytest.raises(MissingExtra, match=r"zalgebra\[words\]"):
        read_vectors(tmp_path / "wiki.bin")


def test_an_archive_of_arrays_brings_its_counts(tmp_path: Path) -> None:
    path = tmp_path / "v.npz"
    np.savez(path, words=np.array(WORDS), vectors=TABLE.astype(np.float16), counts=np.arange(6))
    words, vectors, counts = read_vectors(path, limit=5)
    assert words == WORDS[:5]
    np.testing.assert_array_equal(vectors, TABLE[:5].astype(np.float16).astype(np.float32))
    np.testing.assert_array_equal(counts, np.arange(5))


def test_an_archive_of_objects_is_refused_unread(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "sprung",))

    np.savez(tmp_path / "v.npz", words=np.array([Trap(), Trap()], dtype=object), vectors=TABLE[:2])
    with pytest.raises(BadInput, match="no whole word vectors"):
        read_vectors(tmp_path / "v.npz")
    assert not (tmp_path / "sprung").exists()


def test_the_first_of_equal_words_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text("3 2\na 1 2\nb 3 4\na 5 6\n")
    found = read_vectors(path)
    assert found.words == ["a", "b"]
    assert found.vectors.tolist() == [[1, 2], [3, 4]]


def test_letters_cut_in_the_middle_do_not_stop_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(b"2 2\ncaf\xc3 1 2\nb 3 4\n")
    assert read_vectors(path).words == ["caf�", "b"]


def test_a_bold_first_line_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text("999999999999 2\na 1 2\n")
    with pytest.raises(BadInput, match="ends after 1 of 999999999999 words"):
        read_vectors(path)
    assert read_vectors(path, limit=1).words == ["a"]


DAMAGED = {
    "empty": (b"", "first line"),
    "one word": (b"hello\n", "first line"),
    "no rows": (b"0 5\n", "first line"),
    "a vast vector": (b"5 99999999999\na 1 2\n", "first line"),
    "short row": (b"2 3\na 1 2 3\nb 1 2\n", "row 2"),
    "short row of GloVe": (b"a 1 2 3\nb 1 2\n", "row 2"),
    "a word for a number": (b"2 3\na 1 2 3\nb 1 x 2\n", "row 2"),
    "too few rows": (b"3 2\na 1 2\nb 3 4\n", "ends after 2 of 3"),
    "not finite": (b"2 2\na 1 2\nb nan 1\n", "that of 'b'"),
    "beyond float32": (b"2 2\na 1 2\nb 1e60 1\n", "that of 'b'"),
    "cut binary": (b"2 2\na " + b"\x01\x02\x03\x04" * 2 + b"b \x01", "ends after 1 of 2"),
    "cut gzip": (gzip.compress(b"2 2\na 1 2\nb 3 4\n" * 50)[:-20], "fetch it again"),
    "cut archive": (b"PK\x03\x04junk", "no whole word vectors"),
    "endless line": (b"x" * (1 << 21), "first line"),
    "endless binary word": (b"2 2\n" + b"\xff" * (1 << 22), "ends after 0 of 2"),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGED)
def test_damage_is_one_sentence(tmp_path: Path, case: str) -> None:
    content, said = DAMAGED[case]
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=said) as caught:
        read_vectors(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot read"):
        read_vectors(tmp_path / "nowhere.txt")
    with pytest.raises(BadInput, match="`limit`"):
        read_vectors(tmp_path / "nowhere.txt", limit=0)


@pytest.mark.parametrize("word", ["", "new york", "line\nend", " x"])
def test_words_that_the_format_cannot_hold_are_refused(tmp_path: Path, word: str) -> None:
    with pytest.raises(BadInput, match="no blanks"):
        write_vectors(tmp_path / "v.txt", ["a", word], TABLE[:2])
    with pytest.raises(BadInput, match=r"shape \(2, d\)"):
        write_vectors(tmp_path / "v.txt", ["a", "b"], TABLE)
    assert list(tmp_path.iterdir()) == []
