"""What a study's data support and what they do not, in plain words; every number is taken from its tables."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from nnip.analyse.entropy import main_lines
from nnip.analyse.logrank import SEVERAL_SEEDS
from nnip.analyse.quantities import NAME
from nnip.declare.quantity import in_words as variant_words
from nnip.declare.registry import quantities
from nnip.study.missing import in_words


def summary(study: str, tables: Mapping[str, pd.DataFrame], confidence: float, split: str) -> str:
    """Markdown page from tables models, failures, survival, logrank, effects, sensitivity, correlations, partial_correlations and noise_floor.

    Tables notes, trainings and missing, where given, tell what is odd or missing; table resolution, whether the landscapes tell the models apart.
    split: frames of the main landscapes.
    """
    percent = f"{confidence:.0%}"
    parts = [f"# {study}: what the data support", what_there_is(tables), how_to_read(tables["correlations"], percent)]
    for framework in dict.fromkeys(tables["models"]["framework"]):
        own = {name: table[table["framework"] == framework] for name, table in tables.items() if "framework" in table}
        parts += [f"## {framework}", survival_words(own, confidence), effect_words(own["effects"], confidence), *entropy_words(own)]
        if "resolution" in own:
            parts.append(resolution_words(own["resolution"], confidence))
    parts += ["## Noise floor", noise_words(tables["noise_floor"])]
    if lacking := missing_words(tables, split):
        parts += ["## What is missing", lacking]
    if "notes" in tables:
        counts = tables["notes"].groupby("table", sort=False).size()
        parts += [
            "## Oddities of the data",
            "Kept, and named in table notes: " + ", ".join(f"{count} of {name}" for name, count in counts.items()) + ".",
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def what_there_is(tables: Mapping[str, pd.DataFrame]) -> str:
    """One paragraph: models, replicas, censored times, trainings that gave no model."""
    failures, models = tables["failures"], tables["models"]
    counts = models.drop_duplicates(["framework", "model"]).groupby("framework", sort=False).size()
    seeds = failures.groupby("model")["seed"].nunique()
    text = [
        "Models: " + ", ".join(f"{count} of {framework}" for framework, count in counts.items()) + ".",
        f"Trainings with hot MD per model: {seeds.min()}" + (f" to {seeds.max()}" if seeds.max() > seeds.min() else "") + "."
        if len(seeds)
        else "No hot MD was run.",
        f"Replicas: {len(failures)}, of which {int((~failures['failed'].astype(bool)).sum())} had not failed when their run ended (censored).",
    ]
    if "trainings" in tables:
        lost = tables["trainings"][tables["trainings"]["status"] != "ok"]
        text.append(
            f"Trainings that gave no model: {len(lost)} of {len(tables['trainings'])}"
            + (": " + ", ".join(f"{row.model} ({row.training_set}, {row.status})" for row in lost.itertuples()) if len(lost) else "")
            + "."
        )
    return " ".join(text)


def missing_words(tables: Mapping[str, pd.DataFrame], split: str) -> str:
    """A line for every training that gave no model, with its reason, and for models whose landscapes or replicas tell less than they should."""
    lines = in_words(tables["missing"]) if "missing" in tables else []
    failures = tables["failures"]
    for (framework, model), own in failures.groupby(["framework", "model"], sort=False):
        failed = own["failed"].astype(bool)
        exploded = int((own["reason"] == "nonfinite").sum())
        at_start = int((failed & (own["time_fs"] == 0)).sum())
        of = f"of {len(own)} replicas of {model} ({framework})"
        lines += [f"{exploded} {of} exploded: energies, forces or positions that are not finite (counted as failed)"] if exploded else []
        lines += [f"{at_start} {of} failed at the start frame (time to failure 0)"] if at_start else []
        lines += [f"none {of} failed: the time to failure is censored, its mean a lower bound"] if not failed.any() else []
    flat = main_lines(tables["entropy"], split) if "entropy" in tables else tables["models"].iloc[:0].assign(S=0.0)
    infinite = flat[~flat["S"].astype(float).map(math.isfinite)]
    for framework, model in dict.fromkeys(infinite[["framework", "model"]].itertuples(index=False, name=None)):
        lines.append(f"the landscape of {model} ({framework}) is infinite everywhere along its lines: no loss entropy")
    return "\n".join(f"- {line[0].upper() if line.split()[0] in ('none', 'the') else line[0]}{line[1:]}." for line in lines)


def how_to_read(correlations: pd.DataFrame, percent: str) -> str:
    """What the intervals are over, and how many tests were made."""
    return (
        f"Correlations are over the models of one framework, with {percent} bootstrap intervals [low, high] over models, seeds and replicas; "
        "p is from permutations. Supported: the intervals of Pearson and Spearman both leave zero out, on the side expected (high entropy or low "
        "error: long life, small error at high temperature, steep learning curve). Beyond the training force error: partial correlation given its "
        "logarithm. Where the predictor is a part of the outcome, such as one temperature's error of the slope over all, they correlate whatever "
        f"the models do, and the verdict says so. {len(correlations)} correlations were computed; of so many, some leave zero out by chance. "
        "With one training per model, a difference between two models is one between two trainings, not between their settings."
    )


def survival_words(own: Mapping[str, pd.DataFrame], confidence: float) -> str:
    """Longest and shortest lives, and how many neighbours differ."""
    survival = own["survival"].sort_values("seed", na_position="first").drop_duplicates("model")
    if survival.empty:
        return "No times to failure."
    best, worst = survival.loc[survival["rmst_fs"].idxmax()], survival.loc[survival["rmst_fs"].idxmin()]
    lines = [f"Restricted mean time to failure (to {survival['horizon_fs'].iloc[0] / 1000:g} ps): longest {_time(best)}, shortest {_time(worst)}."]
    tests = own["logrank"].drop_duplicates(["model_a", "model_b"])
    tests = tests[tests["untested"].ne(SEVERAL_SEEDS).fillna(True)]  # replicas of several seeds are no sample of either: the effects tell
    known = tests.dropna(subset=["p_holm"])
    clear = known[known["p_holm"] < 1 - confidence]
    if len(tests):
        lines.append(
            f"Of {len(known)} pairs of neighbours tested (log-rank, Holm), {len(clear)} differ"
            + (": " + "; ".join(f"{row.model_a} and {row.model_b} (p = {row.p_holm:.2g})" for row in clear.itertuples()) if len(clear) else "")
            + "."
        )
    if untested := len(tests) - len(known):
        lines.append(f"{untested} pairs could not be tested: a model has one replica, or its replicas are copies of one trajectory.")
    return " ".join(lines)


def _time(row: pd.Series) -> str:
    known = pd.notna(row["rmst_low_fs"]) and pd.notna(row["rmst_high_fs"])
    return f"{row['model']} {row['rmst_fs'] / 1000:.2f} ps" + (
        f" [{row['rmst_low_fs'] / 1000:.2f}, {row['rmst_high_fs'] / 1000:.2f}]" if known else ""
    )


def effect_words(effects: pd.DataFrame, confidence: float) -> str:
    """Which training choices change an outcome by more than the scatter between seeds, and which may not."""
    tested = effects.dropna(subset=["p_holm"]).drop_duplicates(["quantity", "model", "reference"])
    if tested.empty:
        return "One training per model: what a choice changes cannot be told from what a seed changes."
    lines = []
    for quantity, words in outcomes().items():
        own = tested[tested["quantity"] == quantity]
        if own.empty:
            continue
        scaled = own.assign(**{name: own[name] * quantities()[quantity].factor for name in ("difference", "low", "high")})
        clear = scaled[own["p_holm"] < 1 - confidence]
        maybe = scaled[((own["low"] > 0) | (own["high"] < 0)) & ~own.index.isin(clear.index)]
        told = [
            f"{name}: "
            + "; ".join(f"{row.model} against {row.reference} {_estimate_3(row.difference, row.low, row.high)}" for row in rows.itertuples())
            for name, rows in (("beyond the scatter of seeds, all differences considered (Holm)", clear), ("only by its own interval", maybe))
            if len(rows)
        ]
        lines.append(f"- {words[0].upper()}{words[1:]}{in_units(quantity)}, {len(own)} choices. {'. '.join(told) or 'None differs'}.")
    return "What each choice changes, against the first model of its experiment, seeds as replicates:\n\n" + "\n".join(lines)


def _estimate_3(value: float, low: float, high: float) -> str:
    return f"{value:.3g} [{low:.3g}, {high:.3g}]"


def outcomes() -> dict[str, str]:
    """Outcomes that the page tells of, and what it calls them; those that should be large first, which is how long a model lives."""
    told = {name: each for name, each in quantities().items() if each.words and each.is_outcome}
    return {name: told[name].words for name in sorted(told, key=lambda name: -told[name].better)}


def called(quantity: str, mode: Any, minimum: Any, several_modes: bool) -> str:
    """What the page calls a variant of a quantity."""
    return ", ".join([quantities()[quantity].words, *variant_words(mode, minimum, several_modes)])


def in_units(quantity: str) -> str:
    """The unit that the page gives a quantity in, in brackets; nothing for a pure number."""
    unit = quantities()[quantity].unit.replace("$", "")
    return f" ({unit})" if unit else ""


def entropy_words(own: Mapping[str, pd.DataFrame]) -> list[str]:
    """Does loss entropy go with each outcome, does the plain error do as well, is it level or flatness: one table, and a word on the settings."""
    correlations, partials, known = own["correlations"], own["partial_correlations"], quantities()
    told = correlations[[bool(known[name].words) for name in correlations["predictor"]]]
    if told.empty:
        return ["Too few models for any correlation: undecidable."]
    lines = [
        "| outcome | predictor | models | Pearson | Spearman | p | beyond the training force error | verdict |",
        "|---|---|---|---|---|---|---|---|",
    ]
    several_modes = correlations["mode"].nunique() > 1
    for outcome, words in outcomes().items():
        about = told[told["outcome"] == outcome]
        if about.empty:
            lines.append(f"| {words} | – | – | – | – | – | – | Not measured, or on fewer than three models. |")
        for _, variants in about.groupby(["predictor", "mode", "minimum"], sort=False, dropna=False):
            for row in variants.to_dict("records"):
                if row["subset"] != "all" and len(variants) > 1 and row["n_models"] == variants["n_models"].iloc[0]:
                    continue  # no model is left out that was measured
                name = called(row["predictor"], row["mode"], row["minimum"], several_modes)
                name += "" if row["subset"] == "all" else f", {row['subset']} models only"
                expected = known[outcome].better * known[row["predictor"]].better
                lines.append(f"| {words} | {name} | {_cells(row, partials)} | {verdict(row, expected)} |")
    return ["\n".join(lines), sensitivity_words(own["sensitivity"])]


def _cells(row: Mapping[str, Any], partials: pd.DataFrame) -> str:
    p = f"{row['p_permutation']:.2g}" if pd.notna(row["p_permutation"]) else "–"
    same = partials["given"].eq(next(name for name, each in quantities().items() if each.control))
    for column in ("predictor", "mode", "minimum", "outcome", "subset"):
        same &= partials[column].isna() if pd.isna(row[column]) else partials[column].eq(row[column]).fillna(False)
    beyond = partials[same.astype(bool)]
    partial = _estimate(*beyond.iloc[0][["partial", "low", "high"]]) if len(beyond) else "–"
    measures = [_estimate(row[name], row[f"{name}_low"], row[f"{name}_high"]) for name in ("pearson", "spearman")]
    return " | ".join([str(row["n_models"]), *measures, p, partial])


def _estimate(value: float, low: float, high: float) -> str:
    return f"{value:.2f}" + (f" [{low:.2f}, {high:.2f}]" if pd.notna(low) and pd.notna(high) else "")


def verdict(row: Mapping[str, Any], expected: int) -> str:
    """Whether both correlations leave zero out, on the side expected (1 or -1; 0: either); a part of the other is named first."""
    bounds = [(row[f"{key}_low"], row[f"{key}_high"]) for key in ("pearson", "spearman")]
    if any(pd.isna(value) for pair in bounds for value in pair):
        return f"Undecidable with {row['n_models']} models."
    signs = {1 if low > 0 else -1 if high < 0 else 0 for low, high in bounds}
    if row["overlap"]:
        return "Says nothing by itself: the predictor is a part of the outcome" + ("." if 0 in signs else ", and both leave zero out.")
    if len(signs) == 1 and 0 not in signs and (not expected or expected in signs):
        return "Supported."
    if signs == {-expected}:
        return "Contradicted: the sign is the other one." if expected else "Not shown: zero is inside."
    return "Partly supported: only one of the two leaves zero out." if expected in signs and -expected not in signs else "Not shown: zero is inside."


def sensitivity_words(sensitivity: pd.DataFrame) -> str:
    """How far the order of models by entropy depends on its temperatures and alpha."""
    known = sensitivity.dropna(subset=["spearman"])
    if known.empty:
        return ""
    lowest = known.loc[known["spearman"].idxmin()]
    energy, forces = known["T_energy_eV_per_atom"], known["T_forces_eV_per_A"]
    return (
        f"Order of the models by S at other settings (T from {energy.min():g} to {energy.max():g} eV/atom and {forces.min():g} to {forces.max():g} "
        f"eV/Å, alpha {known['alpha'].min():g} to {known['alpha'].max():g}) against the study's own: Spearman at least {lowest['spearman']:.2f} "
        f"(at {lowest['T_energy_eV_per_atom']:g} eV/atom, {lowest['T_forces_eV_per_A']:g} eV/Å, alpha {lowest['alpha']:g})."
    )


def resolution_words(resolution: pd.DataFrame, confidence: float) -> str:
    """How far the draw of directions, and the seeds, blur the differences of S between models; a sentence per landscape mode."""
    lines = []
    for row in resolution.dropna(subset=["spread_of_models"]).itertuples():
        seeds = f", that of the seeds of one model is {row.spread_of_seeds:.2g}" if pd.notna(row.spread_of_seeds) else ""
        shares = [f"{getattr(row, f'share_{name}'):.0%} {name}" for name in ("directions", "seeds") if pd.notna(getattr(row, f"share_{name}"))]
        rest = "models" if pd.notna(row.share_seeds) else "models and seeds, which one training per model cannot tell apart"
        lines.append(
            f"{row.mode} landscapes ({row.split}): the standard error of S from its {row.n_directions} directions is {row.standard_error:.2g}, the "
            f"standard deviation between {row.n_models} models is {row.spread_of_models:.2g}{seeds}. Of the variance between trainings "
            f"{', '.join([*shares, f'{row.share_models:.0%} {rest}'])}. Another draw of directions would reverse the order of a pair of models with "
            f"probability {row.reversal_mean:.2g} in the mean of {row.n_pairs} pairs, at most {row.reversal_largest:.2g} ({row.model_a} and "
            f"{row.model_b}); {row.n_unresolved} pairs are above {1 - confidence:.2g}."
        )
    return "\n".join(f"- {line[0].upper()}{line[1:]}" for line in lines)


def noise_words(noise_floor: pd.DataFrame) -> str:
    """What repeated measurements of one choice of settings say; over many seeds the root mean square of their differences."""
    if noise_floor.empty:
        return (
            "Nothing was measured twice: how far two trainings of one model lie apart is unknown, and so is what a difference between models means."
        )
    lines = []
    known, several_modes = quantities(), noise_floor["mode"].nunique() > 1
    told = noise_floor[[bool(known[name].words) for name in noise_floor["quantity"]]]
    for (quantity, mode, minimum, kind), own in told.groupby([*NAME, "kind"], sort=False, dropna=False):
        name = called(quantity, mode, minimum, several_modes)
        name, factor = f"{name[0].upper()}{name[1:]}{in_units(quantity)}", known[quantity].factor
        if kind == "seeds":
            rms = factor * (own["difference"].astype(float) ** 2).mean() ** 0.5
            share = (own["share_of_spread"].astype(float) ** 2).mean() ** 0.5
            what = f"{name}: two seeds of a model differ by {rms:.3g} (root mean square of {len(own)} pairs)"
            lines.append(f"{what}, {share:.2f} of the spread of the models.")
            continue
        for row in own.itertuples():
            error = f" ± {factor * row.standard_error:.3g}" if pd.notna(row.standard_error) else ""
            share = f", {row.share_of_spread:.2f} of the spread of the models" if pd.notna(row.share_of_spread) else ""
            what = f"{name} of {row.model_a} and {row.model_b} ({kind}): {factor * row.value_a:.4g} and {factor * row.value_b:.4g}"
            lines.append(f"{what}, difference {factor * abs(row.difference):.3g}{error}{share}.")
    return "\n".join(f"- {line}" for line in lines)
