"""The drawn collections: who comes, with what, in front of which camera. Each imitates one shift of the real sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.base.seeds import rng
from datasets.drawing.camera import Camera, photograph
from datasets.drawing.lesions import Lesion, Patient, draw_lesion, draw_patient
from datasets.drawing.skin import draw_skin


@dataclass(frozen=True, kw_only=True)
class Collection:
    """One drawn set: `images` in all; shares of diagnoses and of Fitzpatrick tones I to VI."""

    name: str
    images: int
    diagnoses: dict[str, float]
    tones: tuple[float, ...]
    camera: Camera
    modality: str = "dermoscopic"
    labelled: bool = True

    def patient(self, patient: int) -> Patient:
        """Patient by number."""
        return draw_patient(self.name, patient, self.tones)

    def lesion(self, patient: int, number: int) -> Lesion:
        """Lesion by patient and number."""
        return draw_lesion(self.name, patient, number, self.diagnoses)

    def lesions_of(self, patient: int) -> int:
        """How many lesions this patient shows: 1 to 3."""
        return int(rng("drawn", self.name, "lesions of", patient).choice([1, 2, 3], p=[0.7, 0.2, 0.1]))

    def draw(self, patient: int, number: int, view: int) -> np.ndarray:
        """One view of one lesion: uint8 RGB, height × width × 3, in the camera's size (about 1.5 ms)."""
        random = rng("drawn", self.name, "view", patient, number, view)
        height, width = self.camera.size
        centre = (width * (0.5 + random.normal(0, 0.045)), height * (0.5 + random.normal(0, 0.045)))
        scene = draw_skin(
            (self.name, "skin", patient, number),
            self.lesion(patient, number),
            self.patient(patient).tone,
            shape=self.camera.size,
            zoom=self.camera.zoom * float(np.exp(random.normal(0, self.camera.zoom_spread))),
            angle=random.uniform(0, 2 * np.pi),
            centre=centre,
        )
        return photograph(self.camera, scene, random)


_LIGHT = (0.2, 0.38, 0.27, 0.1, 0.04, 0.01)
_CLINIC = {"melanoma": 0.3, "nevus": 0.5, "seborrheic keratosis": 0.14, "dermatofibroma": 0.06}
_DERMATOSCOPE = Camera(size=(80, 104), zoom=0.5)
_OTHER_DERMATOSCOPE = Camera(
    size=(80, 96), zoom=0.68, cast=(0.98, 0.86, 1.1), contrast=0.85, vignette=0.7, gel=0.5, hairs=4, blur=0.7
)

COLLECTIONS = {
    collection.name: collection
    for collection in (
        Collection(name="synthetic", images=600, diagnoses=_CLINIC, tones=_LIGHT, camera=_DERMATOSCOPE),
        Collection(name="synthetic_device", images=100, diagnoses=_CLINIC, tones=_LIGHT, camera=_OTHER_DERMATOSCOPE),
        Collection(
            name="synthetic_clinical",
            images=100,
            diagnoses=_CLINIC,
            tones=_LIGHT,
            camera=Camera(
                size=(80, 104),
                zoom=0.3,
                cast=(1.06, 0.97, 0.88),
                vignette=0,
                uneven=0.25,
                hairs=7,
                ruler=0.05,
                blur=0.8,
            ),
            modality="clinical",
        ),
        Collection(
            name="synthetic_archive",
            images=150,
            diagnoses={"melanoma": 0.08, "nevus": 0.8, "seborrheic keratosis": 0.09, "dermatofibroma": 0.03},
            tones=(0.25, 0.4, 0.2, 0.1, 0.04, 0.01),
            camera=Camera(
                size=(80, 104), zoom=0.42, zoom_spread=0.25, cast_spread=0.1, vignette=0.5, ruler=0.3, hairs=4
            ),
        ),
        Collection(
            name="synthetic_smartphone",
            images=150,
            diagnoses={
                "melanoma": 0.15,
                "nevus": 0.22,
                "seborrheic keratosis": 0.2,
                "actinic keratosis": 0.33,
                "basal cell carcinoma": 0.1,
            },
            tones=(0.08, 0.2, 0.28, 0.24, 0.14, 0.06),
            camera=Camera(
                size=(96, 80),
                zoom=0.36,
                cast_spread=0.09,
                vignette=0,
                uneven=0.15,
                hairs=5,
                ruler=0,
                blur=0.9,
                noise=0.03,
            ),
            modality="clinical",
        ),
        Collection(name="synthetic_large", images=2000, diagnoses=_CLINIC, tones=_LIGHT, camera=_DERMATOSCOPE),
        Collection(
            name="synthetic_pool", images=4000, diagnoses=_CLINIC, tones=_LIGHT, camera=_DERMATOSCOPE, labelled=False
        ),
    )
}
