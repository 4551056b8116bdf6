"""Domain of applicability: force errors of test frames against their distances from the training frames, and how far a model can be trusted.

With d the distance of a frame (largest or mean ratio over its atoms, nnip.measure.latent_distance) and e its force RMSE, the calibration c(d) is the
increasing function closest to e^2 (isotonic regression, frames weighted by their atoms). The limit is the smallest d at which sqrt(c) exceeds the
bound `domain.force_error_eV_per_A`: inside it the errors are as small as asked, on average. Its interval is that of a bootstrap over molecules,
whose frames are alike. `missed` is honest: the share of frames with larger errors than the bound among those inside a limit that was found without
their molecule. Isotonic regression: Barlow, Bartholomew, Bremner & Brunk, Statistical Inference under Order Restrictions (Wiley, 1972).
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

from nnip.declare import TRAINING, Analysis, Table, block, integer, number, real, text, whole
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("frame_errors",),
    tables={
        "domain": Table(
            "How far from its training frames a model is right, by one distance.",
            TRAINING
            | {
                "distance": text("largest or mean (ratio over the atoms of a frame)"),
                "n_frames": whole("test frames", "frames"),
                "n_molecules": whole("their molecules", "molecules"),
                "spearman": real("rank correlation of distance and force RMSE over frames", optional=True),
                "bound_eV_per_A": real("the largest force RMSE that is wanted", "eV/A"),
                "limit": real("distance beyond which the calibrated force RMSE exceeds the bound", optional=True),
                "limit_low": real("lower bound of its interval", optional=True),
                "limit_high": real("upper bound; blank: beyond all distances of the test frames", optional=True),
                "share_inside": real("share of the frames within the limit", optional=True),
                "above_inside": real("share of these with a force RMSE above the bound", optional=True),
                "above_outside": real("share of the others with one", optional=True),
                "missed": real("as above_inside, each molecule by the limit of the others", optional=True),
                "reason": text("why there is no limit", optional=True),
            },
        ),
        "calibration": Table(
            "Test frames of about the same distance from a model's training frames.",
            TRAINING
            | {
                "distance": text("largest or mean"),
                "bin": whole("number of the part, from the closest frames on"),
                "n_frames": whole("frames in it", "frames"),
                "distance_low": real("its smallest distance"),
                "distance_high": real("its largest distance"),
                "distance_median": real("its median distance"),
                "forces_rmse_eV_per_A": real("force RMSE over its frames", "eV/A"),
                "calibrated_eV_per_A": real("that of the calibration, the increasing curve closest to all frames, at the median", "eV/A"),
            },
        ),
    },
    options={
        "domain": block(
            {
                "force_error_eV_per_A": number(0.2, "Force RMSE of a frame that is still right.", "eV/Å", exclusiveMinimum=0),
                "n_bins": integer(10, "Parts of equal numbers of frames in table calibration.", minimum=1),
            },
            "Distances within which models are right (tables domain and calibration, figure domain), of molecule_errors with distances.",
        )
    },
    settings=("domain", "statistics.confidence", "statistics.n_bootstrap", "seed"),
    doing="Find the models' domains of applicability",
)
DISTANCES = ("largest", "mean")
FEWEST = 5  # molecules, with fewer of which a bootstrap over them says nothing


def calibration(distances: np.ndarray, squares: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances [n], ascending, and the increasing calibration of the squared errors there [n]."""
    order = np.argsort(distances, kind="stable")
    return distances[order], optimize.isotonic_regression(squares[order], weights=weights[order]).x


def limit(distances: np.ndarray, squares: np.ndarray, weights: np.ndarray, bound: float) -> float:
    """The smallest distance at which the calibrated error exceeds the bound; infinite if it does nowhere."""
    ascending, level = calibration(distances, squares, weights)
    beyond = np.flatnonzero(level > bound**2)
    return float(ascending[beyond[0]]) if len(beyond) else np.inf


def domain_row(part: pd.DataFrame, distance: str, bound: float, n_bootstrap: int, confidence: float, seed: int) -> dict[str, Any]:
    """A row of table domain, without the training; part: finite rows of table frame_errors."""
    d, squares, weights = part[distance].to_numpy(float), part["forces_rmse_eV_per_A"].to_numpy(float) ** 2, part["n_atoms"].to_numpy(float)
    molecules = part["molecule"].to_numpy(str)
    names, wrong = np.unique(molecules), squares > bound**2
    row: dict[str, Any] = {"distance": distance, "n_frames": len(part), "n_molecules": len(names), "bound_eV_per_A": bound}
    if len(part) > 2 and np.ptp(d) > 0 and np.ptp(squares) > 0:
        row["spearman"] = float(stats.spearmanr(d, squares).statistic)
    found = limit(d, squares, weights, bound)
    if not np.isfinite(found):
        return row | {"reason": "no distance of the test frames has so large an error"}
    if found <= d.min():
        return row | {"reason": "the error exceeds the bound at every distance"}
    inside = d < found
    row |= {"limit": found, "share_inside": float(inside.mean()), "above_inside": float(wrong[inside].mean())}
    row |= {"above_outside": float(wrong[~inside].mean())}
    if len(names) < FEWEST:
        return row
    places = {name: np.flatnonzero(molecules == name) for name in names}
    missed = []
    for name in names:
        others = molecules != name
        own = places[name][d[places[name]] < limit(d[others], squares[others], weights[others], bound)]
        missed.append(wrong[own])
    every = np.concatenate(missed)
    row |= {"missed": float(every.mean())} if len(every) else {}
    random, limits = np.random.default_rng(seed), []
    for _ in range(n_bootstrap):
        chosen = np.concatenate([places[name] for name in random.choice(names, len(names))])
        limits.append(limit(d[chosen], squares[chosen], weights[chosen], bound))
    low, high = np.quantile(limits, [(1 - confidence) / 2, (1 + confidence) / 2], method="inverted_cdf")
    return row | {"limit_low": float(low)} | ({"limit_high": float(high)} if np.isfinite(high) else {})


def calibration_rows(part: pd.DataFrame, distance: str, n_bins: int) -> list[dict[str, Any]]:
    """Rows of table calibration, without the training."""
    d, squares, weights = part[distance].to_numpy(float), part["forces_rmse_eV_per_A"].to_numpy(float) ** 2, part["n_atoms"].to_numpy(float)
    ascending, level = calibration(d, squares, weights)
    order, rows = np.argsort(d, kind="stable"), []
    for place, places in enumerate(np.array_split(order, min(n_bins, len(order)))):
        median = float(np.median(d[places]))
        rows.append(
            {
                "distance": distance,
                "bin": place,
                "n_frames": len(places),
                "distance_low": float(d[places].min()),
                "distance_high": float(d[places].max()),
                "distance_median": median,
                "forces_rmse_eV_per_A": float(np.sqrt(np.average(squares[places], weights=weights[places]))),
                "calibrated_eV_per_A": float(np.sqrt(np.interp(median, ascending, level))),
            }
        )
    return rows


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Tables domain and calibration."""
    options = settings["domain"]
    keys = ["framework", "model", "training_set", "seed"]
    rows: dict[str, list[dict[str, Any]]] = {"domain": [], "calibration": []}
    for names, group in tables["frame_errors"].groupby(keys, sort=False):
        of = dict(zip(keys, names, strict=True))
        for distance in DISTANCES:
            part = group[np.isfinite(group[[distance, "forces_rmse_eV_per_A"]].astype(float)).all(axis=1)]
            if part.empty:
                continue
            how = (options["force_error_eV_per_A"], settings["statistics.n_bootstrap"], settings["statistics.confidence"], settings["seed"])
            rows["domain"].append(of | domain_row(part, distance, *how))
            rows["calibration"] += [of | row for row in calibration_rows(part, distance, options["n_bins"])]
    return {name: frame(name, part) for name, part in rows.items()}
