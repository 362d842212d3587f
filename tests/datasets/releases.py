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


def ham10000(root: Path) -> Path:
    rows = [
        "lesion_id,image_id,dx,dx_type,age,sex,localization",
        "HAM_1,ISIC_1,mel,histo,80.0,male,scalp",
        "HAM_1,ISIC_2,mel,histo,80.0,male,scalp",
        "HAM_2,ISIC_3,nv,follow_up,,unknown,unknown",
        "HAM_3,ISIC_4,akiec,histo,50.0,female,face",
    ]
    (root / "HAM10000_metadata.csv").write_text("\n".join(rows))
    for number in range(1, 5):
        picture(root / f"HAM10000_images_part_{1 + number % 2}" / f"ISIC_{number}.jpg", 30 + number)
    return root


def isic2018(root: Path) -> Path:
    truth = [
        "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC",
        "ISIC_1,1,0,0,0,0,0,0",
        "ISIC_2,0,1,0,0,0,0,0",
        "ISIC_3,0,0,1,0,0,0,0",
    ]
    lesions = ["image,lesion_id,diagnosis_confirm_type", "ISIC_2,HAM_2,histopathology", "ISIC_1,HAM_1,histopathology"]
    folder = root / "ISIC2018_Task3_Training_GroundTruth"
    folder.mkdir(parents=True)
    (folder / "ISIC2018_Task3_Training_GroundTruth.csv").write_text("\n".join(truth))
    (root / "ISIC2018_Task3_Training_LesionGroupings.csv").write_text("\n".join(lesions))
    for number in range(1, 4):
        picture(root / "ISIC2018_Task3_Training_Input" / f"ISIC_{number}.jpg", 40 + number)
    return root


def isic_archive(root: Path, older: bool = False) -> Path:
    rows = [
        "isic_id,age_approx,anatom_site_general,diagnosis_1,diagnosis_2,diagnosis_3,image_type,lesion_id,patient_id,sex",
        'ISIC_1,60,torso,Malignant,,"Melanoma, NOS",dermoscopic,IL_1,IP_1,male',
        "ISIC_2,,,Benign,Benign melanocytic proliferations,Nevus,clinical: close-up,IL_2,IP_1,male",
        "ISIC_3,40,,Benign,Benign soft tissue proliferations - Neural,Neurofibroma,TBP tile: close-up,,IP_2,",
        "ISIC_4,40,,Malignant,Malignant melanocytic proliferations (Melanoma),A new kind,dermoscopic,,IP_3,female",
        "ISIC_5,40,,,,,dermoscopic,,IP_3,female",
    ]
    if older:
        rows = [
            "isic_id,attribution,age_approx,benign_malignant,diagnosis,image_type,sex",
            "ISIC_1,x,60,malignant,melanoma,dermoscopic,male",
            "ISIC_2,x,60,benign,nevus,dermoscopic,male",
            "ISIC_3,x,60,benign,other,dermoscopic,male",
            "ISIC_4,x,60,malignant,melanoma metastasis,dermoscopic,male",
            "ISIC_5,x,60,,,dermoscopic,male",
        ]
    (root / "metadata.csv").write_text("\n".join(rows))
    for number in range(1, 6):
        picture(root / f"ISIC_{number}.jpg", 50 + number)
    return root


def isic2024(root: Path, official: bool = False) -> Path:
    rows = [
        (
            "ISIC_1",
            "1",
            "IP_1",
            "IL_1",
            "Malignant",
            "Malignant melanocytic proliferations (Melanoma)",
            "Melanoma in situ",
        ),
        ("ISIC_2", "0", "IP_1", "", "Benign", "", ""),
        ("ISIC_3", "1", "IP_2", "IL_2", "Malignant", "Malignant epidermal proliferations", "Basal cell carcinoma"),
        ("ISIC_4", "0", "IP_2", "IL_3", "Indeterminate", "Indeterminate melanocytic proliferations", ""),
    ]
    facts = [f"{row[0]},{row[2]},60,male,torso,3D: XP" for row in rows]
    if official:
        (root / "ISIC_2024_Training_GroundTruth.csv").write_text(
            "\n".join(["isic_id,malignant", *(f"{row[0]},{row[1]}.0" for row in rows)])
        )
        found = ["isic_id,lesion_id,iddx_1,iddx_2,iddx_3", *(",".join([row[0], *row[3:]]) for row in rows)]
        (root / "ISIC_2024_Training_Supplement.csv").write_text("\n".join(found))
        folder = root / "ISIC_2024_Training_Input"
        folder.mkdir()
        head = "isic_id,patient_id,age_approx,sex,anatom_site_general,tbp_tile_type"
        (folder / "metadata.csv").write_text("\n".join([head, *facts]))
    else:
        folder = root / "train-image" / "image"
        head = (
            "isic_id,target,patient_id,lesion_id,iddx_1,iddx_2,iddx_3,age_approx,sex,anatom_site_general,tbp_tile_type"
        )
        lines = [",".join([*row, *fact.split(",")[2:]]) for row, fact in zip(rows, facts, strict=True)]
        (root / "train-metadata.csv").write_text("\n".join([head, *lines]))
    for number in range(1, 5):
        picture(folder / f"ISIC_{number}.jpg", 80 + number, (30, 30))
    return root


def milk10k(root: Path) -> Path:
    columns = ["AKIEC", "BCC", "BEN_OTH", "BKL", "DF", "INF", "MAL_OTH", "MEL", "NV", "SCCKA", "VASC"]
    truth = ["lesion_id," + ",".join(columns)]
    rows = ["lesion_id,image_type,isic_id,attribution,copyright_license,age_approx,sex,skin_tone_class,site"]
    for number, diagnosis in enumerate(("MEL", "NV", "INF")):
        truth.append(f"IL_{number}," + ",".join("1.0" if name == diagnosis else "0.0" for name in columns))
        for place, kind in enumerate(("clinical: close-up", "dermoscopic")):
            name = f"ISIC_{10 * number + place}"
            rows.append(f"IL_{number},{kind},{name},x,CC-BY-NC,{50 + number},female,3,trunk")
            picture(root / "MILK10k_Training_Input" / f"IL_{number}" / f"{name}.jpg", 90 + 2 * number + place)
    (root / "MILK10k_Training_GroundTruth.csv").write_text("\n".join(truth))
    (root / "MILK10k_Training_Metadata.csv").write_text("\n".join(rows))
    return root


def bcn20000(root: Path) -> Path:
    rows = [
        "bcn_filename,age_approx,anatom_site_general,diagnosis,lesion_id,capture_date,sex,split",
        "BCN_0000000001.jpg,55.0,anterior torso,MEL,BCN_0003884,2012-05-16,male,train",
        "BCN_0000000002.jpg,,,NV,BCN_0003885,2012-05-16,,train",
        "BCN_0000000003.jpg,40.0,head/neck,SCC,BCN_0003886,2012-05-16,female,train",
    ]
    (root / "bcn_20k_train.csv").write_text("\n".join(rows))
    for number in range(1, 4):
        picture(root / "BCN_20k_train" / "bcn_20k_train" / f"BCN_000000000{number}.jpg", 100 + number)
    return root


def derm12345(root: Path) -> Path:
    head = "image_id,patient_id,label,super_class,malignancy,main_class_1,main_class_2,sub_class"
    train = [head, "A_1,P1,alm,melanocytic,malignant,melanoma,melanoma,acral_lentiginious", "A_2,P2,jb,,benign,,,"]
    test = [head, "A_3,P3,ak,nonmelanocytic,indeterminate,keratinocytic,keratinocytic,actinic_keratosis"]
    (root / "derm12345_metadata_train.csv").write_text("\n".join(train))
    (root / "derm12345_metadata_test.csv").write_text("\n".join(test))
    for place in ("derm12345_train_part_1/alm/A_1", "derm12345_train_part_2/jb/A_2", "derm12345_test/ak/A_3"):
        picture(root / f"{place}.jpg", 110 + int(place[-1]))
    return root


def fitzpatrick17k(root: Path) -> Path:
    rows = [
        "md5hash,fitzpatrick_scale,fitzpatrick_centaur,label,nine_partition_label,three_partition_label,qc,url,url_alphanum",
        "aa,3,3,malignant melanoma,malignant melanoma,malignant,,http://x/aa.jpg,xaa",
        "bb,-1,3,seborrheic keratosis,benign epidermal,benign,,http://x/bb.jpg,xbb",
        "cc,6,3,psoriasis,inflammatory,non-neoplastic,,http://x/cc.jpg,xcc",
        "dd,6,3,nevocytic nevus,benign melanocyte,benign,3 Wrongly labelled,http://x/dd.jpg,xdd",
    ]
    (root / "fitzpatrick17k.csv").write_text("\n".join(rows))
    for name in ("aa", "bb", "cc", "dd"):
        picture(root / "data" / "finalfitz17k" / f"{name}.jpg", 60 + ord(name[0]))
    return root


def ddi(root: Path) -> Path:
    rows = [
        ",DDI_ID,DDI_file,skin_tone,malignant,disease",
        "0,1,000001.png,56,True,melanoma-in-situ",
        "1,2,000002.png,12,True,basal-cell-carcinoma",
        "2,3,000003.png,34,False,melanocytic-nevi",
    ]
    (root / "ddi_metadata.csv").write_text("\n".join(rows))
    for number in range(1, 4):
        picture(root / f"00000{number}.png", 70 + number)
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


def indexed(root: Path) -> Path:
    pictures = root.parent / f"{root.name}_pictures"
    for number in (1, 2):
        picture(pictures / "a" / f"{number}.jpg", number)
    rows = ["image_id,path,diagnosis,lesion_id", "one,a/1.jpg,Melanom,1", "two,a/2.jpg,Muttermal,"]
    (root / "images.csv").write_text("\n".join(rows))
    tasks = "tasks: {melanoma: {classes: {benign: [Muttermal], melanoma: [Melanom]}}}"
    (root / "rules.yaml").write_text(f"images: {pictures}\n{tasks}\n")
    return root


WRITERS = {
    "isic2019": isic2019,
    "isic2020": isic2020,
    "pad_ufes_20": pad_ufes_20,
    "derm7pt_dermoscopic": derm7pt,
    "derm7pt_clinical": derm7pt,
    "ham10000": ham10000,
    "isic2018": isic2018,
    "isic_archive": isic_archive,
    "fitzpatrick17k": fitzpatrick17k,
    "ddi": ddi,
    "isic2024": isic2024,
    "milk10k": milk10k,
    "bcn20000": bcn20000,
    "derm12345": derm12345,
    "hiba": isic_archive,
    "folder": folder,
    "csv": table,
    "indexed": indexed,
}
