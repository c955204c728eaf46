"""Fashion-MNIST: its files found or downloaded, held to their checksums, and parsed."""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from zalgebra.data.dataset import Dataset
from zalgebra.data.pictures import fit_pictures
from zalgebra.types import BadInput, MissingExtra

__all__ = ["fashion_mnist", "read_idx"]

URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
FILES = {  # name -> SHA-256 of the published file
    "train-images-idx3-ubyte.gz": (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
    ),
    "train-labels-idx1-ubyte.gz": (
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
    ),
    "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def fashion_mnist(split: str = "train") -> Dataset:
    """Fashion-MNIST: 60,000 ("train") or 10,000 ("test") garments of 28 × 28 pixels.

    The files are taken from ``$ZALGEBRA_DATA/fashion_mnist/`` if they are there, else downloaded
    once from their publisher (30 MB) to the user's cache folder; either way their SHA-256 is
    checked.

    Parameters
    ----------
    split
        ``"train"`` or ``"test"``.

    Raises
    ------
    BadInput
        If the split is another, or the files can be had from neither place or are damaged.
    MissingExtra
        If a download is needed and pooch is not installed.

    References
    ----------
    Xiao, Rasul, Vollgraf 2017, arXiv 1708.07747.

    Examples
    --------
    >>> fashion_mnist("test")  # doctest: +SKIP
    Dataset('fashion-mnist', 10000 pictures of 1 × 28 × 28, labels: class (10 classes))
    """
    if split not in ("train", "test"):
        raise BadInput(f'`split` must be "train" or "test", got {split!r}')
    stem = "train" if split == "train" else "t10k"
    pixels = read_idx(_fashion_file(f"{stem}-images-idx3-ubyte.gz"), 3)
    labels = read_idx(_fashion_file(f"{stem}-labels-idx1-ubyte.gz"), 1)
    return Dataset(
        "fashion-mnist",
        fit_pictures(pixels),
        {"class": labels.astype(np.int64)},
        classes={"class": CLASSES},
        source="Fashion-MNIST, Xiao, Rasul and Vollgraf 2017, Zalando SE, MIT licence.",
    )


def read_idx(path: str | os.PathLike[str], ndim: int) -> np.ndarray:
    """A gzipped IDX file of bytes, the format of MNIST, as a uint8 array.

    Parameters
    ----------
    path
        The file.
    ndim
        How many dimensions it must have: 3 for images, 1 for labels.

    Raises
    ------
    BadInput
        If it is no gzip file, of another type or number of dimensions, too short or too long.
    """
    try:
        with gzip.open(path) as stream:
            data = stream.read()
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"`{path}` must be a whole gzip file, got an error: {error}") from error
    magic, start = bytes((0, 0, 8, ndim)), 4 + 4 * ndim
    if data[:4] != magic or len(data) < start:
        raise BadInput(
            f"`{path}` must be an IDX file that begins with {magic.hex()}, got {data[:4].hex()}"
        )
    shape = tuple(int(length) for length in np.frombuffer(data[4:start], dtype=">u4"))
    expected = int(np.prod(shape, dtype=object))  # Python integers cannot overflow
    if len(data) - start != expected:
        raise BadInput(f"`{path}` must hold {expected} values {shape}, got {len(data) - start}")
    return np.frombuffer(data, dtype=np.uint8, offset=start).reshape(shape)


def _fashion_file(file: str) -> Path:
    root = os.environ.get("ZALGEBRA_DATA")
    local = Path(root or "", "fashion_mnist", file)
    if not (root and local.is_file()):
        return _download(file, f"`{local}`" if root else "$ZALGEBRA_DATA (it is not set)")
    try:
        digest = hashlib.sha256(local.read_bytes()).hexdigest()
    except OSError as error:
        raise BadInput(f"`{local}` cannot be read ({error.strerror}): mend its rights") from error
    if digest != FILES[file]:
        raise BadInput(
            f"`{local}` must be the published file with SHA-256 {FILES[file]}, "
            f"got {digest}: remove it, or replace it with a fresh download"
        )
    return local


def _download(file: str, tried: str) -> Path:
    try:
        import pooch
    except ImportError:
        raise MissingExtra("pooch", "data") from None
    mend = "set ZALGEBRA_DATA to a folder that holds fashion_mnist/ with the four published files"
    try:
        with _hushed(pooch.get_logger()):
            return Path(
                pooch.retrieve(
                    URL + file,
                    known_hash=f"sha256:{FILES[file]}",
                    fname=file,
                    path=pooch.os_cache("zalgebra") / "fashion_mnist",
                )
            )
    except OSError as error:  # the errors of requests are OSErrors too
        raise BadInput(
            f"{file} of Fashion-MNIST was neither found in {tried} nor downloaded from "
            f"{URL} ({type(error).__name__}): connect to the internet, or {mend}"
        ) from None
    except ValueError:  # pooch's word for a wrong checksum
        raise BadInput(
            f"what {URL} sent as {file} is not the published file, its SHA-256 differs: "
            f"try another network, or {mend}"
        ) from None


@contextmanager
def _hushed(logger: logging.Logger) -> Generator[None]:
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
