"""Files of word vectors: word2vec's text and binary, GloVe, fastText, and arrays in an ``.npz``.

They are read as a stream, a row at a time, gzipped or not; nothing in them can run code.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from io import BufferedIOBase
from itertools import count, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.files import aside
from zalgebra.types import BadInput, MissingExtra

__all__ = ["VectorFile", "opened", "read_vectors", "write_vectors"]

GZIP, ZIP, FASTTEXT = b"\x1f\x8b", b"PK\x03\x04", (793_712_314).to_bytes(4, "little")
LONGEST = 1 << 20  # bytes of a line or word, so that a file of something else is not read whole
FIRST_ROWS = 1 << 14
Row = tuple[bytes, np.ndarray]


class VectorFile(NamedTuple):
    """What a file holds: words, their vectors ``(n, d)`` float32, and counts ``(n,)`` if known."""

    words: list[str]
    vectors: np.ndarray
    counts: np.ndarray | None = None


def read_vectors(path: str | Path, /, *, limit: int | None = None) -> VectorFile:
    """The words and vectors of a file; its content tells its format.

    - word2vec text and fastText ``.vec``: a line ``n d``, then lines ``word x_1 … x_d``;
    - GloVe: the same without the first line; a word may hold blanks;
    - word2vec binary: a line ``n d``, then each word, a blank, and d little-endian float32;
    - ``.npz``: arrays ``words`` (text), ``vectors`` and, if known, ``counts``;
    - fastText ``.bin``: through gensim; its whole words, without the pieces of words.

    All but the last two may be gzipped. Of equal words the first is kept; bytes that are no UTF-8
    become U+FFFD, since word2vec's own tool cuts long words in the middle of a letter.

    Parameters
    ----------
    path
        The file.
    limit
        Read only so many rows: the most frequent words, in most files.

    Raises
    ------
    BadInput
        If the file is missing, damaged, ends early, or holds something else.
    MissingExtra
        If gensim is needed and not installed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_vectors(f"{folder}/tiny.txt", ["hot", "cold"], [[1, 2], [-1, 0.5]])
    ...     read_vectors(path).words, read_vectors(path, limit=1).vectors.tolist()
    (['hot', 'cold'], [[1.0, 2.0]])
    """
    if limit is not None and limit < 1:
        raise BadInput(f"`limit` must be None or at least 1, got {limit}")
    path = Path(path)
    with opened(path, unpack=False) as file:
        magic = file.read(4)
    try:
        read = {ZIP: _npz, FASTTEXT: _fasttext}.get(magic, _rows)
        with np.errstate(over="ignore"):  # what overflows is refused by its sentence
            words, vectors, counts = read(path, limit)
    except (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, KeyError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{path} holds no whole word vectors ({error}); fetch it again") from error
    if not np.all(np.isfinite(vectors)):
        bad = words[int(np.argmin(np.isfinite(vectors).all(axis=1)))]
        raise BadInput(f"vectors must be finite, but that of {bad!r} in {path} is not")
    return VectorFile(words, vectors, counts)


def write_vectors(
    path: str | Path, words: Sequence[str], vectors: ArrayLike, /, *, binary: bool = False
) -> Path:
    """Write word2vec's text or binary format, which gensim reads too; gzipped if named ``.gz``.

    Raises
    ------
    BadInput
        If a word is empty or holds a blank, which these formats cannot keep.
    """
    path, table = Path(path), np.asarray(vectors, dtype="<f4")
    if table.ndim != 2 or len(table) != len(words):
        raise BadInput(f"`vectors` must have shape ({len(words)}, d), got {table.shape}")
    unfit = next((w for w in words if len(w.split()) != 1 or w != w.strip()), None)
    if unfit is not None:
        raise BadInput(f"word2vec's formats keep no blanks in words, got {unfit!r}; replace them")
    with aside(path) as temporary:
        opener: Any = gzip.open if path.suffix == ".gz" else open
        with opener(temporary, "wb") as file:
            file.write(b"%d %d\n" % table.shape)
            for word, row in zip(words, table, strict=True):
                numbers = row.tobytes() if binary else " ".join(map(str, row)).encode()
                file.write(word.encode() + b" " + numbers + b"\n")
    return path


def opened(path: Path, *, unpack: bool = True) -> BufferedIOBase:
    """A file to read bytes from, unpacked if it is gzipped."""
    try:
        file = path.open("rb")
        if not unpack:
            return file
        with file:
            packed = file.read(2) == GZIP
        return gzip.open(path, "rb") if packed else path.open("rb")
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror or error}") from error


def _rows(path: Path, limit: int | None) -> VectorFile:
    """The rows of a text or binary stream."""
    n, d, binary = _layout(path)
    most = min((k for k in (n, limit) if k is not None), default=None)
    with opened(path) as stream:
        if n is not None:
            stream.readline()
        rows = _binary_rows(stream, d) if binary else _text_rows(stream, d)
        words, vectors, seen = _collected(islice(rows, most), d)
    if n is not None and most is not None and seen < most:
        raise ValueError(f"it ends after {seen} of {n} words")
    return VectorFile(words, vectors)


def _layout(path: Path) -> tuple[int | None, int, bool]:
    """The number of words if the first line says it, the entries of a vector, and if binary."""
    with opened(path) as stream:
        first, second = stream.readline(LONGEST), stream.readline(LONGEST)
    head = first.split()
    if len(head) == 2 and all(part.isdigit() for part in head):
        n, d = map(int, head)
    else:
        n, d = None, len(first.rstrip().split(b" ")) - 1
    if not 0 < 4 * d < LONGEST or n == 0:
        raise ValueError(f"its first line is {first[:40]!r}")
    return n, d, n is not None and not _is_text(second, d)


def _is_text(line: bytes, d: int) -> bool:
    try:
        return len(_numbers(line, d)[1]) == d
    except ValueError:
        return False


def _numbers(line: bytes, d: int) -> Row:
    word, *numbers = line.rstrip().rsplit(b" ", d)  # from the right: GloVe's words hold blanks
    return word, np.array([float(x) for x in numbers], dtype=np.float32)


def _text_rows(stream: BufferedIOBase, d: int) -> Iterator[Row]:
    for number in count(1):
        if not (line := stream.readline(LONGEST)).strip():
            return
        try:
            word, row = _numbers(line, d)
        except ValueError as error:
            raise ValueError(f"row {number}: {error}") from error
        if len(row) != d:
            raise ValueError(f"row {number} has {len(row)} numbers instead of {d}")
        yield word, row


def _binary_rows(stream: BufferedIOBase, d: int) -> Iterator[Row]:
    chunk, at, size = b"", 0, 4 * d
    while True:
        blank = chunk.find(b" ", at)
        if blank >= 0 and blank + 1 + size <= len(chunk):
            yield chunk[at:blank].lstrip(b"\n"), np.frombuffer(chunk, "<f4", d, blank + 1)
            at = blank + 1 + size
        elif (blank < 0 and len(chunk) - at > LONGEST) or not (more := stream.read(LONGEST)):
            return
        else:
            chunk, at = chunk[at:] + more, 0


def _collected(rows: Iterable[Row], d: int) -> tuple[list[str], np.ndarray, int]:
    """Distinct words, their vectors, and how many rows there were.

    The table grows as rows come: what the first line promises may be a lie.
    """
    words: dict[str, None] = {}
    table, seen = np.empty((FIRST_ROWS, d), np.float32), 0
    for name, row in rows:
        seen += 1
        word = name.decode(errors="replace")
        if word in words:
            continue
        if len(words) == len(table):
            table.resize((2 * len(table), d), refcheck=False)
        table[len(words)] = row
        words[word] = None
    table.resize((len(words), d), refcheck=False)
    return list(words), table, seen


def _npz(path: Path, limit: int | None) -> VectorFile:
    # NumPy refuses Python objects by default; it leaves a damaged file open that it opened itself.
    with path.open("rb") as file, np.load(file) as archive:
        words, vectors = archive["words"][:limit], archive["vectors"][:limit]
        counts = archive["counts"][:limit].astype(np.int64) if "counts" in archive else None
    if words.dtype.kind != "U" or vectors.dtype.kind not in "fiu":
        raise ValueError("`words` must be text and `vectors` numbers")
    lengths = {len(words), len(vectors), len(words if counts is None else counts)}
    if words.ndim != 1 or vectors.ndim != 2 or len(lengths) > 1:
        raise ValueError(f"`words` {words.shape} and `vectors` {vectors.shape} do not fit")
    return VectorFile(words.tolist(), vectors.astype(np.float32), counts)


def _fasttext(path: Path, limit: int | None) -> VectorFile:
    """By gensim, which reads this format as plain numbers."""
    try:
        from gensim.models.fasttext import load_facebook_vectors
    except ModuleNotFoundError as error:
        raise MissingExtra("gensim", "words") from error
    found = load_facebook_vectors(str(path))
    words = found.index_to_key[:limit]
    counts = [found.get_vecattr(word, "count") for word in words]
    return VectorFile(words, found.vectors[: len(words)].copy(), np.array(counts, np.int64))
