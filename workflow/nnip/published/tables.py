"""The release as tables of this study: model names are unchanged, and every omission or correction is noted (nnip.published.oddities)."""

from pathlib import Path

import pandas as pd

from nnip.published.files import DURATION_FS, FRAMEWORKS, KINDS, TEMPERATURES_K, read_release, split_errors
from nnip.published.oddities import notes
from nnip.published.switches import hyperparameters
from nnip.study.tables import frame


def import_release(directory: str | Path) -> dict[str, pd.DataFrame]:
    """Tables training_sets, hyperparameters, errors, errors_repeated, landscape, failures and notes from the released files in `directory`."""
    release = read_release(directory)
    parts: dict[str, list[pd.DataFrame]] = {}
    for framework in FRAMEWORKS:
        switches, landscape, times, learning, errors = (release[f"{framework}_{kind}"] for kind in KINDS)
        seeds = switches["seed"].astype(int).to_dict()
        first, repeated = split_errors(framework, errors)
        tables = {
            "hyperparameters": hyperparameters(framework, switches),
            "errors": pd.concat([errors_of(framework, seeds, first).drop(columns="n_train"), learning_points(framework, seeds, learning)]),
            "errors_repeated": errors_of(framework, seeds, repeated).drop(columns="training_set"),
            "landscape": landscapes(framework, seeds, landscape),
            "failures": failures(framework, seeds, times),
            "notes": notes(framework, switches, landscape, times, learning, errors),
        }
        for name, table in tables.items():
            parts.setdefault(name, []).append(table)
    made = {name: frame(name, pd.concat(tables, ignore_index=True)) for name, tables in parts.items()}
    sizes = {
        int(size)
        for framework in FRAMEWORKS
        for size in (*release[f"{framework}_extrapolation_errors"]["nsamples"], *release[f"{framework}_learning"]["n"])
    }
    return made | {"training_sets": frame("training_sets", [training_set(size, max(sizes)) for size in sorted(sizes, reverse=True)])}


def training_set(size: int, largest: int) -> dict[str, object]:
    """The row of a size of the learning curves; the largest is the main set of both frameworks."""
    role = "main" if size == largest else "curve"
    return {"training_set": f"n{size}", "role": role, "pool": "3bpa", "n_train": size, "learn": "energy+forces", "noise": 0.0}


def landscapes(framework: str, seeds: dict[str, int], data: pd.DataFrame) -> pd.DataFrame:
    """Mean of 20 lines at 81 points; t as released (see table notes), split train, mode published."""
    return pd.DataFrame(
        {
            "framework": framework,
            "model": data["model"],
            "seed": data["model"].map(seeds),
            "mode": "published",
            "split": "train",
            "t": data["x"],
            "energy_rmse_eV_per_atom": data["e"],
            "forces_rmse_eV_per_A": data["f"],
        }
    )


def failures(framework: str, seeds: dict[str, int], data: pd.DataFrame) -> pd.DataFrame:
    """Times to failure from the number of 1 fs frames until a bond was longer than 2 A; 6001 frames mean no failure within 6 ps."""
    failed = data["explosion"] <= DURATION_FS
    return pd.DataFrame(
        {
            "framework": framework,
            "model": data["model"],
            "seed": data["model"].map(seeds),
            "replica": data["num"],
            "time_fs": data["explosion"].clip(upper=DURATION_FS),
            "failed": failed,
            "reason": failed.map({True: "unknown", False: "none"}),
        }
    )


def errors_of(framework: str, seeds: dict[str, int], data: pd.DataFrame) -> pd.DataFrame:
    """One row per model, size and test temperature."""
    parts = [
        pd.DataFrame(
            {
                "framework": framework,
                "model": data["label"],
                "seed": data["label"].map(seeds),
                "training_set": names_of_sets(data["nsamples"]),
                "n_train": data["nsamples"],
                "split": f"{temperature}K",
                "energy_rmse_eV_per_atom": data[f"test_{temperature}K_energy"],
                "forces_rmse_eV_per_A": data[f"test_{temperature}K_forces"],
            }
        )
        for temperature in TEMPERATURES_K
    ]
    return pd.concat(parts)


def names_of_sets(sizes: pd.Series) -> pd.Series:
    """Names of the training sets of these sizes."""
    return "n" + sizes.astype(int).astype(str)


def learning_points(framework: str, seeds: dict[str, int], data: pd.DataFrame) -> pd.DataFrame:
    """Errors over all test frames together: split "all"."""
    return pd.DataFrame(
        {
            "framework": framework,
            "model": data["model"],
            "seed": data["model"].map(seeds),
            "training_set": names_of_sets(data["n"]),
            "split": "all",
            "energy_rmse_eV_per_atom": data["e"],
            "forces_rmse_eV_per_A": data["f"],
        }
    )
