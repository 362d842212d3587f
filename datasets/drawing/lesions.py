"""What is drawn: patients, lesions and their ABCD signs, all from seeds hashed from their names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.base.seeds import rng

TONES = ("I", "II", "III", "IV", "V", "VI")
SITES = ("anterior torso", "posterior torso", "upper extremity", "lower extremity", "head/neck", "palms/soles")

SEPARATION = 1.1
"""Distance between the class means of each sign, in standard deviations. The four signs are independent given the
class, so nobody who reads all four exactly does better than AUC = Phi(SEPARATION * 2 / sqrt(2)) = 0.940; drawing, noise
and nuisance take the rest, and a good model ends near 0.9."""


@dataclass(frozen=True, kw_only=True)
class Patient:
    """Who carries the lesion: `age` in years (None: not recorded), Fitzpatrick tone, `sex` (None: not recorded)."""

    age: float | None
    sex: str | None
    tone: str


@dataclass(frozen=True, kw_only=True)
class Lesion:
    """One lesion: its diagnosis and site, and the strength of each ABCD sign on the scale 0 to 1."""

    diagnosis: str
    site: str
    asymmetry: float
    border: float
    colour: float
    diameter: float
    views: int


def draw_patient(collection: str, patient: int, tones: tuple[float, ...]) -> Patient:
    """Patient number `patient` of a collection; `tones` are the shares of the six Fitzpatrick tones."""
    random = rng("drawn", collection, "patient", patient)
    age = float(np.clip(5 * round(random.normal(55, 16) / 5), 15, 85))
    sex = str(random.choice(["female", "male"]))
    return Patient(
        age=None if random.random() < 0.03 else age,
        sex=None if random.random() < 0.02 else sex,
        tone=str(random.choice(TONES, p=np.asarray(tones) / sum(tones))),
    )


def draw_lesion(collection: str, patient: int, number: int, diagnoses: dict[str, float]) -> Lesion:
    """Lesion `number` of a patient; `diagnoses` are shares by diagnosis.

    The signs of melanoma are shifted by `SEPARATION` against those of everything else, and overlap widely.
    """
    random = rng("drawn", collection, "lesion", patient, number)
    shares = np.asarray(list(diagnoses.values()))
    diagnosis = str(random.choice(list(diagnoses), p=shares / shares.sum()))
    shift = SEPARATION / 2 if diagnosis == "melanoma" else -SEPARATION / 2
    signs = 1 / (1 + np.exp(-1.3 * (random.normal(0, 1, 4) + shift)))
    return Lesion(
        diagnosis=diagnosis,
        site=str(random.choice(SITES, p=[0.28, 0.22, 0.18, 0.2, 0.09, 0.03])),
        asymmetry=float(signs[0]),
        border=float(signs[1]),
        colour=float(signs[2]),
        diameter=float(signs[3]),
        views=int(random.choice([1, 2, 3, 4], p=[0.55, 0.25, 0.13, 0.07])),
    )
