"""Tables of a small made-up study: two seeds, two modes, a diverged model, censored replicas."""

import importlib

import ase.build
import numpy as np
import pandas as pd
from ase.calculators.singlepoint import SinglePointCalculator

from nnip.data.distributions import distributions
from nnip.declare.registry import analyses, figures, made_of
from nnip.potentials.frameworks import choices
from nnip.potentials.weight_statistics import grouped, histogram, moments
from nnip.study.schema import load_schema
from nnip.study.tables import frame

FIGURES = figures()
SEEDS = (1, 2)
HORIZON_FS = 2000.0
LIT = pd.DataFrame(
    [
        {"model": name, "training": training, "temperature_K": T, "forces_rmse_meV_per_A": cold * (1 + slope * (T - 300) / 300)}
        for name, training, cold, slope in (("A", "300K", 10, 1), ("B", "300K", 20, 1), ("C", "300K", 40, 1), ("pre", "more", 40, 0.1))
        for T in (300, 600, 1200)
    ]
)


def training_sets(sizes=(100, 50, 25), noise=()):
    """Table training_sets: the largest of the sizes is the main one; noise: standard deviations of that on the main set's forces."""
    rows = [
        {
            "training_set": f"n{n}",
            "role": "main" if n == max(sizes) else "curve",
            "pool": "made up",
            "n_train": n,
            "learn": "energy+forces",
            "noise": 0.0,
        }
        for n in sorted(sizes, reverse=True)
    ]
    noisy = {"role": "beside", "pool": "made up", "n_train": max(sizes), "learn": "forces", "noise_label": "forces"}
    rows += [noisy | {"training_set": noise_set(max(sizes), sigma), "noise": sigma, "noise_sigma_eV_per_A": sigma} for sigma in noise]
    return frame("training_sets", rows)


def noise_set(size, sigma):
    return f"n{size}.forces-noise{sigma:g}"


def study(names=("a", "b", "c", "d", "bad"), seeds=SEEDS, modes=("isotropic", "paper"), label="{}"):
    """Tables of a study; the model `bad` diverged. Model number i has RMSE proportional to i + 1 and fails the sooner."""
    rng = np.random.default_rng(0)
    models, trainings, landscape, directions, errors, failures, temperatures = [], [], [], [], [], [], []
    for i, name in enumerate(names):
        who = {"framework": "mace", "model": name}
        models.append({**who, "label": label.format(name), "experiment": "one", "title": "Choice", "position": i})
        if i < 2:
            models.append({**who, "label": label.format(name), "experiment": "two", "title": "Other choice", "position": i})
        for seed in seeds:
            ok = name != "bad"
            who |= {"seed": seed}
            trainings.append({**who, "training_set": "n100", "status": "ok" if ok else "diverged", "device": "cpu"})
            if not ok:
                continue
            level = 0.01 * (i + 1) * (1 + 0.1 * seed)
            for mode in modes:
                for direction in (0, 1):
                    landscape += [
                        {**who, "mode": mode, "split": "train", "direction": direction, "t": t}
                        | {"energy_rmse_eV_per_atom": 0.1 * (level + t * t), "forces_rmse_eV_per_A": level + (1 + direction) * t * t}
                        for t in np.linspace(-0.25, 0.25, 11)
                    ]
                directions.append(
                    {**who, "mode": mode, "split": "train", "direction_a": 0, "direction_b": 1, "cosine": 0.9 if mode == "paper" else 0.0}
                )
            for n in (25, 50, 100):
                for split, factor in (("train", 1), ("300K", 2), ("600K", 4), ("1200K", 8)):
                    errors.append(
                        {**who, "training_set": f"n{n}", "split": split, "energy_rmse_eV_per_atom": level * factor / 10}
                        | {"forces_rmse_eV_per_A": level * factor * (100 / n) ** 0.5, "n_frames": 10, "n_components": 10 * 3 * 9}
                    )
            times = np.round(rng.uniform(200, 4000 / (i + 1), 6))
            failures += [
                {
                    **who,
                    "replica": k,
                    "time_fs": min(time, HORIZON_FS),
                    "failed": bool(time < HORIZON_FS),
                    "reason": "bond" if time < HORIZON_FS else "none",
                    **({"atom_i": 0, "atom_j": 1 + k % 2} if time < HORIZON_FS else {}),
                }
                for k, time in enumerate(times)
            ]
            temperatures += [
                {**who, "thermostat_K": 900.0, "time_fs": time, "n_alive": int((times > time).sum()), "temperature_mean_K": 900.0 + 10 * seed}
                | {"temperature_std_K": 100.0, "potential_energy_eV_per_atom": -1.0, "total_energy_eV_per_atom": -0.9 + 1e-5 * time}
                for time in np.arange(0.0, min(times.max(), HORIZON_FS), 50.0)
            ]
    tables = {name: frame(name, rows) for name, rows in (("models", models), ("trainings", trainings), ("landscape", landscape), ("errors", errors))}
    tables |= {"directions": frame("directions", directions), "failures": frame("failures", failures)}
    tables["temperatures"] = frame("temperatures", temperatures)
    tables["planes"] = plane_table(names[:2], seeds[0])
    runs = [{key: row[key] for key in ("framework", "model", "seed")} for row in trainings if row["status"] == "ok"]
    made_up = [{"linear": rng.normal(0, 1 + 0.1 * k, 300), "readout": rng.normal(size=30)} for k in range(len(runs))]
    weights = [grouped(parameters, choices("mace").PARAMETER_GROUPS) for parameters in made_up]
    each = [(run | {"group": group}, values) for run, parts in zip(runs, weights, strict=True) for group, values in parts.items()]
    tables["weights"] = frame("weights", [who | row for who, values in each for row in histogram(values, 11)])
    tables["weight_moments"] = frame("weight_moments", [who | moments(values) for who, values in each])
    frames = {split: ethanol(0.02 * width, rng) for width, split in enumerate(("train", "val", "300K", "1200K"), 1)}
    counts, summaries = distributions(frames, 12)
    tables |= {"distributions": frame("distributions", counts), "distribution_moments": frame("distribution_moments", summaries)}
    switches = [row | {"name": "rescale", "value": "true"} for row in tables["models"][["framework", "model"]].drop_duplicates().to_dict("records")]
    tables["hyperparameters"] = frame("hyperparameters", [row | {"value": str(row["model"] != "d").lower()} for row in switches])
    noise = (0.0, 0.1)
    trained = tables["errors"].query("training_set == 'n100' and split == 'train'")
    noisy = [trained.assign(training_set=noise_set(100, sigma), split=split) for sigma in noise for split in ("train", "train_clean")]
    tables["errors"] = frame("errors", pd.concat([tables["errors"], *noisy], ignore_index=True))
    again = [tables["trainings"].assign(training_set=noise_set(100, sigma)) for sigma in noise]
    tables["trainings"] = frame("trainings", pd.concat([tables["trainings"], *again], ignore_index=True))
    tables["training_sets"] = training_sets(noise=noise)
    return with_statistics(tables | bonds(runs) | crystals(runs) | molecules(names, seeds))


def bonds(runs):
    """Table bond_barriers: three bonds of these trainings, the first of which breaks and has the lowest barrier."""
    ends = {"element_i": "C", "in_ring": False, "length_A": 1.1, "barrier_at_A": 1.9}
    rows = [
        run | {"training_set": "n100", "atom_i": 0, "atom_j": other, "element_j": "H", "barrier_eV": other / (1 + place), "height_eV": 1.0} | ends
        for place, run in enumerate(runs)
        for other in (1, 2, 3)
    ]
    return {"bond_barriers": frame("bond_barriers", rows)}


def crystals(runs):
    """Tables of defects and of rare events of these trainings, on the main set; errors grow with the number of the model, and one path fails."""
    cost, rows = {"n_passes": 1, "wall_s": 1.0}, {name: [] for name in ("rare_events", "event_forces", "defects", "barriers", "barrier_profiles")}
    rng = np.random.default_rng(7)
    for place, run in enumerate(runs):
        who, level = run | {"training_set": "n100"}, 0.02 * (1 + place)
        forces = {"event_forces_rmse_eV_per_A": 2 * level, "plain_forces_rmse_eV_per_A": rng.uniform(0.1, 0.2), "excess": 2.0}
        rows["rare_events"].append(who | {"split": "all", "n_frames": 5, "n_atoms": 20, "wall_s": 1.0} | forces)
        for atom, size in enumerate(rng.uniform(0, 2, 20)):
            error = {"magnitude_error_eV_per_A": abs(rng.normal(0, level)), "angle_deg": abs(rng.normal(0, 100 * level)) if size > 0.1 else None}
            rows["event_forces"].append(who | {"split": "event", "frame": atom // 4, "atom": atom, "reference_eV_per_A": size} | error)
        error = {"formation_energy_eV": 0.95 + level, "error_eV": level, "geometry_error_A": 2 * level}
        rows["defects"].append(who | {"defect": "vacancy", "n_sites": 32, "reference_eV": 0.95} | cost | error)
        found = {"reason": "no convergence"} if place == 1 else {"barrier_eV": 0.4 + level, "error_eV": level}
        rows["barriers"].append(who | {"n_sites": 32, "reference_eV": 0.4} | cost | found)
        for path, height in (("reference", 0.4), ("frozen", 0.4 + level), *([("own", 0.4 + level)] if place != 1 else [])):
            shape = np.sin(np.linspace(0, np.pi, 5)) ** 2
            rows["barrier_profiles"] += [who | {"path": path, "image": i, "progress": i / 4, "energy_eV": height * e} for i, e in enumerate(shape)]
    return {name: frame(name, of_name) for name, of_name in rows.items()}


def molecules(names, seeds, points=((1, 24), (2, 12), (4, 6), (2, 24)), draws=(1, 2, 3)):
    """Tables drawn_sets, cell_errors and frame_errors: the more molecules, the smaller the error on unseen ones, and distance tells the error."""
    rng, sets, cells, frames = np.random.default_rng(3), [], [], []
    for draw in draws:
        for n, each in points:
            designs = "+".join(name for name, own in (("budget", n * each == 24), ("molecules", n == 2)) if own)
            sets.append({"training_set": f"{n}x{each}.draw{draw}", "designs": designs, "draw": draw, "n_molecules": n, "n_conformers": each})
            sets[-1]["molecules"] = "+".join("abcd"[:n])
    for name in names:
        for seed in () if name == "bad" else seeds:
            who = {"framework": "mace", "model": name, "seed": seed}
            for drawn in sets:
                for split, hot in (("300K", 1.0), ("900K", 2.0)):
                    for cell, away in (("seen", 0.0), ("unseen", 0.5), ("family", 0.3), ("larger", 0.8)):
                        error = 0.1 * hot * (1 + away / drawn["n_molecules"]) * np.exp(0.1 * drawn["draw"])
                        cells.append({**who, "training_set": drawn["training_set"], "split": split, "cell": cell, "n_molecules": 2, "n_frames": 8})
                        cells[-1] |= {"forces_rmse_eV_per_A": error, "normalised_force_error": error, "energy_rmse_eV_per_atom": error / 10}
            for number in range(60):
                distance = rng.uniform(0.2, 3)
                frames.append(
                    {**who, "training_set": "n100", "split": "300K", "frame": f"{number}", "molecule": "abcdef"[number % 6], "cell": "seen"}
                )
                frames[-1] |= {
                    "n_atoms": 9,
                    "forces_rmse_eV_per_A": 0.1 * distance * rng.uniform(0.8, 1.2),
                    "largest": 2 * distance,
                    "mean": distance,
                }
    made = {"drawn_sets": sets, "cell_errors": cells, "frame_errors": frames}
    return {name: frame(name, rows) for name, rows in made.items()}


def plane_table(names, seed):
    """Two planes whose losses are lowest at different places."""
    return frame(
        "planes",
        [
            {"framework": "mace", "model": name, "seed": seed, "mode": "isotropic", "split": "train", "t1": x, "t2": y}
            | {"energy_rmse_eV_per_atom": 0.004 * (1 + x * x + 4 * y * y), "forces_rmse_eV_per_A": 0.04 * (1 + 9 * (x - 0.5) ** 2 + y * y)}
            for name in names
            for x in np.linspace(-1, 1, 5)
            for y in np.linspace(-1, 1, 5)
        ],
    )


def with_statistics(tables):
    """The tables with all that the study computes from what was measured."""
    return analysed(tables)

    return tables


QUICK = {
    "md.duration_fs": HORIZON_FS,
    "statistics.n_bootstrap": 100,
    "statistics.n_permutation": 100,
    "toy": {"n_features": 2, "misfits": [0, 0.1], "n_points": [5, 50], "sigmas": [0, 0.1], "n_repeats": 5},
}


def analysed(tables, only=None, settings=None):
    """The tables with what the analyses make of them (those of the names `only`), as far as the tables they need are there.

    settings: values of the config by key; others are QUICK's or the config's defaults.
    """
    given = QUICK | (settings or {})

    def setting(key):
        value = given.get(key, default(key))
        return {name: given.get(f"{key}.{name}", part) for name, part in value.items()} if isinstance(value, dict) else value

    asked = {name: analysis for name, analysis in analyses().items() if only is None or name in only}
    there = set(tables).union(*(analysis.tables for analysis in asked.values()))
    left, _ = made_of(asked, {table for analysis in asked.values() for table in analysis.needs} - there, False, setting)
    tables = dict(tables)
    while left:
        later = {table for analysis in left.values() for table in analysis.tables}
        name = next(name for name, analysis in left.items() if not later & {*analysis.needs, *analysis.uses})
        keys = left.pop(name).settings
        tables |= importlib.import_module(f"nnip.analyse.{name}").analyse(tables, {key: setting(key) for key in keys})
    return tables


def with_variants(tables):
    """The tables with landscapes over other frames and with frozen parameters, and their entropies, beside the main ones."""
    main = tables["landscape"]
    warmer = main.assign(split="test_1200K", forces_rmse_eV_per_A=2 * main["forces_rmse_eV_per_A"])
    flatter = main.assign(frozen="radial", energy_rmse_eV_per_atom=main["energy_rmse_eV_per_atom"] / 2)
    return analysed(tables | {"landscape": frame("landscape", pd.concat([main, warmer, flatter], ignore_index=True))}, only=("entropy",))


def ethanol(width, rng):
    """Labelled frames displaced by so many angstroms."""
    frames = [ase.build.molecule("CH3CH2OH") for _ in range(4)]
    for atoms in frames:
        forces = rng.normal(0, width, atoms.positions.shape)
        atoms.positions += forces
        atoms.calc = SinglePointCalculator(atoms, energy=float((forces**2).sum()), forces=-forces)
    return frames


def default(key):
    """The default of a key of the config; a block's is that of its keys."""
    part = load_schema("config")
    for name in key.split("."):
        part = part["properties"][name]
    return {name: each["default"] for name, each in part["properties"].items()} if "properties" in part else part.get("default")


def draw(name, tables, **changed):
    """A figure of MACE, with the config's defaults as its options."""
    figure = FIGURES[name]
    tables = with_variants(tables) if name in ("landscape_splits", "frozen") else tables
    given = {"framework": "mace", "literature": LIT} | {argument: default(key) for argument, key in figure.options.items()} | tables | changed
    return importlib.import_module(f"nnip.figures.{name}").draw(**{key: value for key, value in given.items() if key in figure.arguments})


def texts(figure):
    labels = [text.get_text() for axis in figure.axes for text in (*axis.texts, *axis.get_xticklabels(), *axis.get_yticklabels(), axis.title)]
    return "\n".join([*labels, figure.get_supxlabel()])
