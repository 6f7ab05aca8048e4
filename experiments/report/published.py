"""The figures that the paper prints, accuracy in percent, mean of ten trials.

King Gandhi, Tsouvalas, Meratnia, "On applicability of Meta-Learning to Speech Emotion
Recognition", PerCom Workshops 2023, doi 10.1109/PerComWorkshops53856.2022.9767445.
"""

from collections.abc import Mapping

METHODS = {
    "deep_all": "Deep-All",
    "rsc": "RSC",
    "mldg": "MLDG",
    "da_mldg": "DA-MLDG",
}
SCENARIOS = ("1", "2", "3", "4", "5", "6", "7")

# Table I, last column: within each corpus, speaker-independent 80/20, 50 epochs.
WITHIN: Mapping[str, tuple[float, float]] = {
    "iemocap": (58.69, 1.22),
    "crema_d": (61.03, 1.07),
    "savee": (35.33, 7.42),
    "ravdess": (71.15, 1.97),
    "tess": (99.75, 0.04),
    "aesdd": (68.52, 2.98),
    "cafe": (49.58, 2.76),
    "emovo": (43.21, 4.26),
    "shemo": (79.02, 2.06),
    "emodb": (88.75, 5.49),
}

# Table II: PACS and the English corpora, each left out in turn; then the average as it
# is printed.
PACS = {
    "art_painting": {"deep_all": 73.70, "mldg": 78.01, "da_mldg": 78.47},
    "cartoon": {"deep_all": 75.60, "mldg": 75.58, "da_mldg": 75.44},
    "photo": {"deep_all": 83.50, "mldg": 91.67, "da_mldg": 94.73},
    "sketch": {"deep_all": 64.70, "mldg": 65.22, "da_mldg": 66.32},
}
PACS_AVERAGE = {"deep_all": 74.37, "mldg": 77.62, "da_mldg": 78.74}
ENGLISH = {
    "iemocap": {"deep_all": 26.95, "mldg": 27.61, "da_mldg": 31.35},
    "ravdess": {"deep_all": 31.70, "mldg": 36.28, "da_mldg": 37.75},
    "crema_d": {"deep_all": 39.45, "mldg": 40.75, "da_mldg": 42.22},
    "savee": {"deep_all": 22.73, "mldg": 22.84, "da_mldg": 21.43},
}
# The last two are not the means of their columns, which are 31.87 and 33.19.
ENGLISH_AVERAGE = {"deep_all": 30.20, "mldg": 32.74, "da_mldg": 36.29}

# Table III: the seven scenarios, then UM, WM and GM.
SPECTROGRAMS = {
    "deep_all": (26.95, 43.40, 47.03, 43.16, 60.65, 31.54, 40.19, 41.83, 36.70, 40.61),
    "rsc": (32.36, 44.78, 43.77, 39.97, 56.69, 40.70, 40.27, 42.65, 39.17, 42.13),
    "mldg": (27.61, 38.86, 46.29, 42.57, 60.45, 37.87, 34.51, 41.16, 36.47, 40.11),
    "da_mldg": (31.35, 39.41, 46.80, 43.21, 62.26, 38.79, 37.11, 42.69, 38.51, 41.81),
}
# Table IV: embeddings of TRILLsson v3 (EfficientNetV2-B3) instead of log-mel.
EMBEDDINGS = {
    "deep_all": (28.57, 42.61, 50.16, 45.09, 61.17, 33.16, 41.15),
    "da_mldg": (32.11, 39.82, 48.46, 43.29, 64.11, 40.22, 36.97),
}
