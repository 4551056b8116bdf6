"""What a study without hot MD says of its models: their order by the measurement that the config trusts (league.chosen)."""

from collections.abc import Mapping

import pandas as pd

from nnip.analyse.quantities import NAME
from nnip.declare.registry import quantities
from nnip.report.words import called, listed, markdown

UNKNOWN = "No hot MD was run (md.n_replicas is 0), and no measurement is named to go by (league.chosen): which model lasts is not known."


def lines(predictors: pd.DataFrame, models: pd.DataFrame, chosen: Mapping[str, str | None] | None) -> list[str]:
    """A line per framework of table predictors: the model that should last longest by the chosen quantity, and the others in order."""
    if chosen is None:
        return [UNKNOWN]
    made = []
    for framework in dict.fromkeys(models["framework"]):
        ranked, lacking = _ranked(predictors, models, framework, chosen)
        line = f"**{framework}**, by the {called(chosen, several_modes=True)}, without hot MD: "
        if ranked.empty:
            made.append(f"{line}nothing is known, because it was measured of no model.")
            continue
        order = [f"{row.model} ({row.value:.3g})" for row in ranked.itertuples()]
        line += f"{order[0]} should last longest" if len(order) > 1 else f"{order[0]} is the only model"
        line += f", then {listed(order[1:])}" if len(order) > 1 else ""
        made.append(f"{line}{f'; not known for {listed(lacking)}' if lacking else ''}.")
    return [*made, "How often that measurement is right is a question for a study with MD, such as the one that it was chosen in."]


def sections(predictors: pd.DataFrame, models: pd.DataFrame, chosen: Mapping[str, str | None] | None) -> list[str]:
    """A table of all models with the chosen quantity, the one that should last longest first; none if none is chosen or measured."""
    if chosen is None:
        return []
    rows = []
    for framework in dict.fromkeys(models["framework"]):
        for row in _ranked(predictors, models, framework, chosen)[0].itertuples():
            rows.append((framework, row.model, f"{row.value:.3g}", f"{row.low:.3g} to {row.high:.3g}" if row.n_seeds > 1 else "–", row.n_seeds))
    header = ("framework", "model", called(chosen, several_modes=True), "seeds from – to", "seeds")
    return ["## Which model should last", markdown(header, rows)] if rows else []


def _ranked(predictors: pd.DataFrame, models: pd.DataFrame, framework: str, chosen: Mapping[str, str | None]) -> tuple[pd.DataFrame, list[str]]:
    """Columns model, value (mean of the seeds), low, high and n_seeds of a framework's models in order; and those without a value."""
    own = predictors[predictors["framework"] == framework]
    for name in NAME:
        own = own[own[name].fillna("") == (chosen[name] or "")]
    values = own.groupby("model", sort=False)["value"].agg(value="mean", low="min", high="max", n_seeds="count").reset_index()
    smaller_is_better = quantities()[str(chosen["quantity"])].better < 0
    names = dict.fromkeys(models.loc[models["framework"] == framework, "model"])
    return values.sort_values("value", ascending=smaller_is_better, kind="stable"), [name for name in names if name not in set(values["model"])]
