"""Rows in, rows out: data sets, and the pictures that they are read from.

Importing this imports NumPy alone; Pillow, pooch and scikit-learn wait until they are needed.
"""

from zalgebra.data.dataset import Dataset
from zalgebra.data.datasets import digits, faces, load
from zalgebra.data.fashion import fashion_mnist
from zalgebra.data.furniture import furniture, furniture_meshes
from zalgebra.data.pictures import encode_picture, read_picture, read_pictures, save_picture
from zalgebra.data.portraits import draw_faces, sample_factors
from zalgebra.data.sources import images

__all__ = [
    "Dataset",
    "digits",
    "draw_faces",
    "encode_picture",
    "faces",
    "fashion_mnist",
    "furniture",
    "furniture_meshes",
    "images",
    "load",
    "read_picture",
    "read_pictures",
    "sample_factors",
    "save_picture",
]
