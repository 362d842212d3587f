"""Small copies of the released layouts, with drawn pictures: what the readers are tested on without the data."""

from pathlib import Path

import cv2
import numpy as np


def picture(path: Path, seed: int = 0, size: tuple[int, int] = (30, 40)) -> None:
    random = np.random.default_rng(seed)
    small = random.integers(0, 255, (6, 8, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = cv2.resize(small, size[::-1], interpolation=cv2.INTER_CUBIC)
    path.write_bytes(cv2.imencode(path.suffix.lower(), pixels)[1].tobytes())


def isic2019(root: Path) -> Path:
    columns = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC")
    truth = ["image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK"]
    metadata = ["image,age_approx,anatom_site_general,lesion_id,sex"]
    for number, diagnosis in enumerate(columns):
        name = f"ISIC_{number:07d}" + ("_downsampled" if number == 2 else "")
        marks = ",".join("1.0" if column == diagnosis else "0.0" for column in columns)
        truth.append(f"{name},{marks},0.0")
        lesion = f"HAM_{number // 2:07d}" if number else ""
        metadata.append(f"{name},{45.0 + number},{'' if number == 1 else 'anterior torso'},{lesion},male")
        picture(root / "ISIC_2019_Training_Input" / f"{name}.jpg", number)
    (root / "ISIC_2019_Training_GroundTruth.csv").write_text("\n".join(truth))
    (root / "ISIC_2019_Training_Metadata.csv").write_text("\n".join(metadata))
    return root


def isic2020(root: Path, revision: str = "") -> Path:
    head = "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,diagnosis,benign_malignant,target"
    rows = [
        "ISIC_1,IP_1,male,45.0,torso,melanoma,malignant,1",
        "ISIC_2,IP_1,male,45.0,torso,nevus,benign,0",
        "ISIC_3,IP_2,,,,unknown,benign,0",
        "ISIC_4,IP_2,female,30.0,head/neck,unknown,benign,0",
        "ISIC_5,IP_3,female,30.0,head/neck,unknown,benign,0",
    ]
    if revision:
        head, rows = head + ",lesion_id", [f"{row},IL_{number}" for number, row in enumerate(rows)]
    (root / f"ISIC_2020_Training_GroundTruth{revision}.csv").write_text("\n".join([head, *rows]))
    for number in range(1, 6):
        picture(root / "train" / f"ISIC_{number}.jpg", 10 + number)
    return root


def pad_ufes_20(root: Path) -> Path:
    rows = [
        "patient_id,lesion_id,age,gender,fitspatrick,region,diagnostic,img_id",
        "PAT_1,7,55,FEMALE,2.0,NECK,MEL,PAT_1_7_100.png",
        "PAT_1,7,55,FEMALE,2.0,NECK,MEL,PAT_1_7_101.png",
        "PAT_2,7,8,,,ARM,NEV,PAT_2_7_102.png",
        "PAT_3,9,70,MALE,6.0,FACE,BCC,PAT_3_9_103.png",
    ]
    (root / "metadata.csv").write_text("\n".join(rows))
    for number, part in ((100, 1), (101, 2), (102, 1), (103, 3)):
        name = next(row for row in rows if f"_{number}.png" in row).rpartition(",")[2]
        picture(root / "images" / f"imgs_part_{part}" / name, 20 + number)
    return root


def derm7pt(root: Path, separator: str = ",") -> Path:
    rows = [
        "case_num,diagnosis,seven_point_score,location,sex,clinic,derm,case_id,notes",
        "1,basal cell carcinoma,0,head neck,male,NEL/NEL025.JPG,NEL/Nel026.jpg,,",
        "2,melanoma (in situ),4,back,female,NEL/NEL027.JPG,Nel/Nel028.jpg,,",
        "3,clark nevus,1,,,NEL/NEL027.JPG,NEL/Nel030.jpg,,",
    ]
    (root / "meta").mkdir()
    (root / "meta" / "meta.csv").write_text("\n".join(rows).replace(",", separator))
    for name in ("NEL/NEL025.JPG", "NEL/NEL027.JPG", "NEL/Nel026.jpg", "NEL/Nel028.jpg", "NEL/Nel030.jpg"):
        picture(root / "images" / name, len(name))
    return root


def folder(root: Path) -> Path:
    picture(root / "melanoma" / "1.jpg", 1)
    picture(root / "nevus" / "1.png", 2)
    picture(root / "nevus" / "deeper" / "2.jpg", 3)
    picture(root / "loose.jpg", 4)
    (root / "nevus" / "notes.txt").write_text("no picture")
    (root / "nevus" / "._1.png").write_bytes(b"\0\5\x16\7")  # what a Mac leaves beside every file
    return root


def table(root: Path) -> Path:
    picture(root / "a" / "1.jpg", 1)
    picture(root / "a" / "2.jpg", 2)
    rows = [
        "path,lesion_id,patient_id,diagnosis,age,sex,skin_tone,modality",
        "a/1.jpg,1,P1,melanoma,50,Female,IV,clinical",
        "a/2.jpg,2,P1,,,,,",
    ]
    (root / "images.csv").write_text("\n".join(rows))
    return root


WRITERS = {
    "isic2019": isic2019,
    "isic2020": isic2020,
    "pad_ufes_20": pad_ufes_20,
    "derm7pt_dermoscopic": derm7pt,
    "derm7pt_clinical": derm7pt,
    "folder": folder,
    "csv": table,
}
