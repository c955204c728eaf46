"""Models that are trained already: functions, ONNX files, diffusion pipelines; one contract."""

from zalgebra.models.adapters.codes import Codes
from zalgebra.models.adapters.functions import Functions
from zalgebra.models.adapters.layouts import DiffusersSpec, pack, unpack
from zalgebra.models.adapters.noise import Noise
from zalgebra.models.adapters.onnx_files import Onnx
from zalgebra.models.adapters.pipelines import Diffusers
from zalgebra.models.adapters.sampling import Sampling

__all__ = [
    "Codes",
    "Diffusers",
    "DiffusersSpec",
    "Functions",
    "Noise",
    "Onnx",
    "Sampling",
    "pack",
    "unpack",
]
