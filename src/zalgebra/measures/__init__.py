"""Arrays to a score with its uncertainty: how good generated items, paths, codes and edits are."""

from zalgebra.measures.accuracy import EditEffect, edit_effect
from zalgebra.measures.arithmetic import Parallelogram, parallelogram
from zalgebra.measures.arithmetic_edits import commutation, survival
from zalgebra.measures.breakages import BREAKAGES, breakages, broken
from zalgebra.measures.classes import class_accuracy, class_preservation
from zalgebra.measures.dci import DCI, dci
from zalgebra.measures.disentanglement import Disentanglement, disentanglement
from zalgebra.measures.diversity import diversity
from zalgebra.measures.factor_vae import factor_vae_score
from zalgebra.measures.fidelity import (
    FrechetDistance,
    frechet_difference,
    frechet_distance,
    gaussian_frechet,
)
from zalgebra.measures.information import mig, modularity, mutual_information
from zalgebra.measures.kernel import kernel_distance
from zalgebra.measures.latent_statistics import latent_statistics
from zalgebra.measures.neighbourhoods import continuity, trustworthiness
from zalgebra.measures.probes import Probe, probes
from zalgebra.measures.reconstruction import Reconstruction, reconstruction
from zalgebra.measures.sap import sap
from zalgebra.measures.score import Score, proportion
from zalgebra.measures.smoothness import (
    Jumps,
    jumps,
    path_length,
    perceptual_path_length,
    speed_deviation,
)
from zalgebra.measures.support import Support, support
from zalgebra.measures.tailored import Tailored, TailoredTest

__all__ = [
    "BREAKAGES",
    "DCI",
    "Disentanglement",
    "EditEffect",
    "FrechetDistance",
    "Jumps",
    "Parallelogram",
    "Probe",
    "Reconstruction",
    "Score",
    "Support",
    "Tailored",
    "TailoredTest",
    "breakages",
    "broken",
    "class_accuracy",
    "class_preservation",
    "commutation",
    "continuity",
    "dci",
    "disentanglement",
    "diversity",
    "edit_effect",
    "factor_vae_score",
    "frechet_difference",
    "frechet_distance",
    "gaussian_frechet",
    "jumps",
    "kernel_distance",
    "latent_statistics",
    "mig",
    "modularity",
    "mutual_information",
    "parallelogram",
    "path_length",
    "perceptual_path_length",
    "probes",
    "proportion",
    "reconstruction",
    "sap",
    "speed_deviation",
    "support",
    "survival",
    "trustworthiness",
]
