"""What the reader learned from, for its card."""

from __future__ import annotations

from npr_edge.training.plates.fonts import FONT_PACKAGES

DATA_SOURCES = [
    "github.com/openalpr/train-detector (European and Brazilian crops; European texts typed by eye)",
    "github.com/openalpr/benchmarks (US crops)",
    "github.com/snooplsm/reported-ocr (New York and neighbours)",
    "github.com/mhafizhk/UAS_OCR (Indonesia)",
    "github.com/IzzatulloOne/LPRNet (Uzbekistan)",
    "github.com/ankandrew/cnn-ocr-lp (Argentina)",
    "github.com/devluisrodrigues/compvis-car (Brazil, Mercosur)",
    "github.com/qanastek/FrenchLicencePlateDataset (France)",
    "github.com/PiotrZawiej/license_plate_detector (Poland)",
    "github.com/Maokei/lpr_dataset (Sweden, MIT)",
    "github.com/develooper1994/ocr_toolkit (Turkey)",
    "github.com/carlosla2802/Repte-Matricules-G06 (Spain)",
    "github.com/faisalthaheem/open-lpr-dataset-plate-detection (Apache-2.0; texts typed by eye)",
    "github.com/unknowncz/LP_recognition (Open Images photographs, CC BY; texts typed by eye)",
    "github.com/RobertLucian/license-plate-dataset (MIT; texts read by a machine)",
    "github.com/Asikpalysik/Automatic-License-Plate-Detection (India; texts typed by eye)",
    "github.com/AshwinBardhwaj/license-plate-detection (cars433; texts typed by eye)",
    "github.com/vitocolerole/label_plate_number (Vietnam, Czechia; machine labels, half weight)",
    "github.com/John15321/ipsem2025-license-plate, reiarseni/cuba-plate-ocr (MIT), mesakarghm/LPRNET (small sets)",
    "texts of further crops by fast-plate-ocr cct-xs-v1 (MIT), at reduced weight",
    "plates drawn by npr-edge itself, with the lettering below",
    "FE lettering: github.com/drorgl GL-Nummernschild (free to use, copy and modify)",
    "fonts of npm @fontsource (SIL Open Font License 1.1): " + ", ".join(sorted(FONT_PACKAGES)),
]

NOTES = [
    "No photograph or crop travels with the project; the card names where the network's examples came from.",
    "Texts of 1 to 12 characters, A-Z and 0-9, one or two lines.",
    "O/0 and I/1 are learned as printed, except on us-states crops, whose labels mix them.",
]
