"""The appendix of a study's summary: every correlation with its verdict, effects of choices, the noise floor; every number is from the tables."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from nnip.analyse.logrank import SEVERAL_SEEDS
from nnip.analyse.quantities import NAME
from nnip.declare.quantity import in_words as variant_words
from nnip.declare.registry import quantities
from nnip.study.costs import estimate_and_outcome


def details(study: str, tables: Mapping[str, pd.DataFrame], confidence: float) -> str:
    """Markdown page from tables models, survival, logrank, effects, sensitivity, correlations, partial_correlations and noise_floor.

    Optional: resolution (whether the landscapes can order the models), costs.
    """
    parts = [f"# {study}: details", how_to_read(tables["correlations"], f"{confidence:.0%}")]
    for framework in dict.fromkeys(tables["models"]["framework"]):
        of_framework = {name: table[table["framework"] == framework] for name, table in tables.items() if "framework" in table}
        parts += [
            f"## {framework}",
            survival_words(of_framework, confidence),
            effect_words(of_framework["effects"], confidence),
            *entropy_words(of_framework),
        ]
        if "resolution" in of_framework:
            parts.append(resolution_words(of_framework["resolution"], confidence))
    parts += ["## Noise floor", noise_words(tables["noise_floor"])]
    if "costs" in tables:
        parts += ["## Cost", cost_words(tables["costs"])]
    return "\n\n".join(part for part in parts if part) + "\n"


def cost_words(costs: pd.DataFrame) -> str:
    """What each stage cost beside what `snakemake cost` expected of the same jobs."""
    rows = estimate_and_outcome(costs)
    if rows.empty:
        return "No estimate was made before the study (`snakemake cost`), or nothing is known of the outcome."
    lines = [
        "| stage | jobs | estimated (h) | spent (h) | spent / estimated | memory estimated (MB) | memory used (MB) |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.stage} | {row.jobs} | {row.estimated_h:.3f} | {row.spent_h:.3f} | {row.ratio:.2f} "
        f"| {row.estimated_MB:.0f} | {row.max_memory_MB:.0f} |"
        for row in rows.itertuples()
    ]
    total = f"All: {rows['spent_h'].sum() / rows['estimated_h'].sum():.2f} times the estimate."
    return "\n".join(lines) + (
        f"\n\n{total} Hours are CPU time of one core (on a GPU: wall time). The estimate is of whole MD runs and trainings, so failing replicas and "
        "trainings that stop early take less. Resumed jobs are left out. Memory estimated is of all processes of a job together, used of its largest."
    )


def how_to_read(correlations: pd.DataFrame, percent: str) -> str:
    """What the intervals describe, and how many correlations were computed."""
    return (
        f"Correlations are over the models of one framework, with {percent} bootstrap intervals [low, high] over models, seeds and replicas; "
        "p is from permutations. Supported: the intervals of Pearson and Spearman both exclude zero and have the expected sign (high entropy or low "
        "error: long time to failure, small error at high temperature, steep learning curve). Beyond the training force error: partial correlation "
        "given its logarithm. If the predictor is part of the outcome (the error at one temperature is part of the slope over all), the two "
        f"correlate for any models; the verdict says so. {len(correlations)} correlations were computed; some intervals exclude zero by chance. "
        "With one training per model, a difference between two models is a difference between two trainings, not between their settings."
    )


def survival_words(of_framework: Mapping[str, pd.DataFrame], confidence: float) -> str:
    """Longest and shortest times to failure, and how many neighbours differ."""
    survival = of_framework["survival"].sort_values("seed", na_position="first").drop_duplicates("model")
    if survival.empty:
        return "No times to failure."
    best, worst = survival.loc[survival["rmst_fs"].idxmax()], survival.loc[survival["rmst_fs"].idxmin()]
    lines = [f"Restricted mean time to failure (to {survival['horizon_fs'].iloc[0] / 1000:g} ps): longest {_time(best)}, shortest {_time(worst)}."]
    tests = of_framework["logrank"].drop_duplicates(["model_a", "model_b"])
    tests = tests[tests["untested"].ne(SEVERAL_SEEDS).fillna(True)]  # models with several seeds are compared in table effects
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
    """Which training choices change an outcome by more than the scatter between seeds."""
    tested = effects.dropna(subset=["p_holm"]).drop_duplicates(["quantity", "model", "reference"])
    if tested.empty:
        return "One training per model: the effect of a choice cannot be separated from the effect of the seed."
    lines = []
    for quantity, words in outcomes().items():
        differences = tested[tested["quantity"] == quantity]
        if differences.empty:
            continue
        scaled = differences.assign(**{name: differences[name] * quantities()[quantity].factor for name in ("difference", "low", "high")})
        clear = scaled[differences["p_holm"] < 1 - confidence]
        maybe = scaled[((differences["low"] > 0) | (differences["high"] < 0)) & ~differences.index.isin(clear.index)]
        comparisons = [
            f"{name}: "
            + "; ".join(f"{row.model} against {row.reference} {_estimate_3(row.difference, row.low, row.high)}" for row in rows.itertuples())
            for name, rows in (("beyond the scatter of seeds, corrected for all differences (Holm)", clear), ("only without the correction", maybe))
            if len(rows)
        ]
        lines.append(f"- {words[0].upper()}{words[1:]}{in_units(quantity)}, {len(differences)} choices. {'. '.join(comparisons) or 'None differs'}.")
    return "Effect of each choice relative to the first model of its experiment, seeds as replicates:\n\n" + "\n".join(lines)


def _estimate_3(value: float, low: float, high: float) -> str:
    return f"{value:.3g} [{low:.3g}, {high:.3g}]"


def outcomes() -> dict[str, str]:
    """Outcomes on the page and their names there; first those that should be large (time to failure)."""
    named = {name: each for name, each in quantities().items() if each.words and each.is_outcome}
    return {name: named[name].words for name in sorted(named, key=lambda name: -named[name].better)}


def called(quantity: str, mode: Any, minimum: Any, several_modes: bool) -> str:
    """The page's name for a variant of a quantity."""
    return ", ".join([quantities()[quantity].words, *variant_words(mode, minimum, several_modes)])


def in_units(quantity: str) -> str:
    """The unit of a quantity in brackets; empty for a pure number."""
    unit = quantities()[quantity].unit.replace("$", "")
    return f" ({unit})" if unit else ""


def entropy_words(of_framework: Mapping[str, pd.DataFrame]) -> list[str]:
    """A table of the correlations of loss entropy and of plain errors with each outcome, and a sentence on the settings of the entropy."""
    correlations, partials, known = of_framework["correlations"], of_framework["partial_correlations"], quantities()
    shown = correlations[[bool(known[name].words) for name in correlations["predictor"]]]
    if shown.empty:
        return ["Too few models for any correlation: undecidable."]
    lines = [
        "| outcome | predictor | models | Pearson | Spearman | p | beyond the training force error | verdict |",
        "|---|---|---|---|---|---|---|---|",
    ]
    several_modes = correlations["mode"].nunique() > 1
    for outcome, words in outcomes().items():
        about = shown[shown["outcome"] == outcome]
        if about.empty:
            lines.append(f"| {words} | – | – | – | – | – | – | Not measured, or on fewer than three models. |")
        for _, variants in about.groupby(["predictor", "mode", "minimum"], sort=False, dropna=False):
            for row in variants.to_dict("records"):
                if row["subset"] != "all" and len(variants) > 1 and row["n_models"] == variants["n_models"].iloc[0]:
                    continue  # the subset leaves out no measured model
                name = called(row["predictor"], row["mode"], row["minimum"], several_modes)
                name += "" if row["subset"] == "all" else f", {row['subset']} models only"
                expected = known[outcome].better * known[row["predictor"]].better
                lines.append(f"| {words} | {name} | {_cells(row, partials)} | {verdict(row, expected)} |")
    return ["\n".join(lines), sensitivity_words(of_framework["sensitivity"])]


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
    """Whether both intervals exclude zero with the expected sign (1 or -1; 0: either); an outcome that contains the predictor is named first."""
    bounds = [(row[f"{key}_low"], row[f"{key}_high"]) for key in ("pearson", "spearman")]
    if any(pd.isna(value) for pair in bounds for value in pair):
        return f"Undecidable with {row['n_models']} models."
    signs = {1 if low > 0 else -1 if high < 0 else 0 for low, high in bounds}
    if row["overlap"]:
        return "Not evidence: the predictor is a part of the outcome" + ("." if 0 in signs else ", and both intervals exclude zero.")
    if len(signs) == 1 and 0 not in signs and (not expected or expected in signs):
        return "Supported."
    if signs == {-expected}:
        return "Contradicted: the sign is opposite." if expected else "Not shown: zero is not excluded."
    return (
        "Partly supported: only one interval excludes zero." if expected in signs and -expected not in signs else "Not shown: zero is not excluded."
    )


def sensitivity_words(sensitivity: pd.DataFrame) -> str:
    """How the ranking of models by entropy depends on its temperatures and alpha."""
    known = sensitivity.dropna(subset=["spearman"])
    if known.empty:
        return ""
    lowest = known.loc[known["spearman"].idxmin()]
    energy, forces = known["T_energy_eV_per_atom"], known["T_forces_eV_per_A"]
    return (
        f"Ranking of the models by S at other settings (T from {energy.min():g} to {energy.max():g} eV/atom and {forces.min():g} to {forces.max():g} "
        f"eV/Å, alpha {known['alpha'].min():g} to {known['alpha'].max():g}) compared with the study's: Spearman at least {lowest['spearman']:.2f} "
        f"(at {lowest['T_energy_eV_per_atom']:g} eV/atom, {lowest['T_forces_eV_per_A']:g} eV/Å, alpha {lowest['alpha']:g})."
    )


def resolution_words(resolution: pd.DataFrame, confidence: float) -> str:
    """How the scatter of S from directions and seeds compares with the differences between models; an item per landscape mode."""
    lines = []
    for row in resolution.dropna(subset=["spread_of_models"]).itertuples():
        seeds = f", that of the seeds of one model is {row.spread_of_seeds:.2g}" if pd.notna(row.spread_of_seeds) else ""
        shares = [f"{getattr(row, f'share_{name}'):.0%} {name}" for name in ("directions", "seeds") if pd.notna(getattr(row, f"share_{name}"))]
        rest = "models" if pd.notna(row.share_seeds) else "models and seeds (not separable with one training per model)"
        lines.append(
            f"{row.mode} landscapes ({row.split}): the standard error of S from its {row.n_directions} directions is {row.standard_error:.2g}, the "
            f"standard deviation between {row.n_models} models is {row.spread_of_models:.2g}{seeds}. Variance between trainings: "
            f"{', '.join([*shares, f'{row.share_models:.0%} {rest}'])}. Another draw of directions would reverse the order of a pair of models with "
            f"probability {row.reversal_mean:.2g} on average over {row.n_pairs} pairs, at most {row.reversal_largest:.2g} ({row.model_a} and "
            f"{row.model_b}); {row.n_unresolved} pairs are above {1 - confidence:.2g}."
        )
    return "\n".join(f"- {line[0].upper()}{line[1:]}" for line in lines)


def noise_words(noise_floor: pd.DataFrame) -> str:
    """Differences between repeated measurements of the same settings; for seeds their root mean square."""
    if noise_floor.empty:
        return "Nothing was measured twice: the scatter between trainings of one model is unknown, so differences between models cannot be judged."
    lines = []
    known, several_modes = quantities(), noise_floor["mode"].nunique() > 1
    shown = noise_floor[[bool(known[name].words) for name in noise_floor["quantity"]]]
    for (quantity, mode, minimum, kind), rows in shown.groupby([*NAME, "kind"], sort=False, dropna=False):
        name = called(quantity, mode, minimum, several_modes)
        name, factor = f"{name[0].upper()}{name[1:]}{in_units(quantity)}", known[quantity].factor
        if kind == "seeds":
            rms = factor * (rows["difference"].astype(float) ** 2).mean() ** 0.5
            share = (rows["share_of_spread"].astype(float) ** 2).mean() ** 0.5
            what = f"{name}: two seeds of a model differ by {rms:.3g} (root mean square of {len(rows)} pairs)"
            lines.append(what + (f", {share:.2f} of the spread of the models." if pd.notna(share) else "."))
            continue
        for row in rows.itertuples():
            error = f" ± {factor * row.standard_error:.3g}" if pd.notna(row.standard_error) else ""
            share = f", {row.share_of_spread:.2f} of the spread of the models" if pd.notna(row.share_of_spread) else ""
            what = f"{name} of {row.model_a} and {row.model_b} ({kind}): {factor * row.value_a:.4g} and {factor * row.value_b:.4g}"
            lines.append(f"{what}, difference {factor * abs(row.difference):.3g}{error}{share}.")
    return "\n".join(f"- {line}" for line in lines)
