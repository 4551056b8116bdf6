"""A study's answer in at most ten lines, and a short table per question."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from nnip.analyse.league import is_md
from nnip.declare.registry import quantities
from nnip.report import bonds, defects, diversity, expected, gaps
from nnip.report.words import bounds, called, listed, markdown, share, widest

MOST_LINES = 10
MODELS_SHOWN, MEASUREMENTS_SHOWN, PAIRS_SHOWN = 5, 8, 6
FEW_SEEDS = "One training per model: probabilities are over its replicas alone, and a difference may be one of seeds."
Tables = Mapping[str, pd.DataFrame]


def answer(tables: Tables, confidence: float, chosen: Mapping[str, Any] | None = None) -> list[str]:
    """The lines: what to label, what tells errors of defects, what lives longest, what to trust instead of MD, what is undecided.

    Each part says why if it has no answer; studies without molecules or defects have no lines of them. chosen: league.chosen of the config, which
    orders the models of a study without MD.
    """
    lines = [*diversity.lines(tables), *defects.lines(tables, confidence)]
    if tables["failures"].empty:
        return [*lines, *expected.lines(tables["predictors"], tables["models"], chosen)][:MOST_LINES]
    lines += [*longest(tables, confidence), *([FEW_SEEDS] if (tables["best"]["n_seeds"] == 1).all() else [])]
    return [*lines, *trusted(tables, confidence), *undecided(tables, confidence)][:MOST_LINES]


def longest(tables: Tables, confidence: float) -> list[str]:
    """A line per framework: the model that lives longest, how sure that is, and the models that are not told apart from it."""
    lines = []
    for framework, models in tables["best"].groupby("framework", sort=False):
        first = models.iloc[0]
        replicas = tables["failures"][tables["failures"]["framework"] == framework]
        if not replicas["failed"].astype(bool).any():
            lived = f"{replicas['time_fs'].max() / 1000:.2f} ps"
            lines.append(
                f"**{framework}**: none of {len(replicas)} replicas of hot MD failed within {lived}, so which model lives longest is not known."
            )
            continue
        line = f"**{framework}**: {first['model']} lives longest in hot MD, {first['life_fs'] / 1000:.2f} ps"
        if len(models) == 1:
            lines.append(f"{line}; it is the only model.")
            continue
        line += f"; probability {first['probability_best']:.2f} of being the best of {len(models)} models"
        pairs = tables["pairs"]
        alike = pairs[(pairs["framework"] == framework) & ((pairs["longer"] == first["model"]) | (pairs["shorter"] == first["model"]))]
        if alike["p_holm"].isna().all():
            lines.append(f"{line}.")
            continue
        names = [row.shorter if row.longer == first["model"] else row.longer for row in alike.itertuples() if not row.p_holm < 1 - confidence]
        lines.append(f"{line}; {'not told apart from ' + listed(names) if names else 'told apart from all others'}.")
    return lines


def trusted(tables: Tables, confidence: float) -> list[str]:
    """Lines: the measurement that names the longer-lived training most often, and its cost; whether any adds to the errors known anyway."""
    league = widest(tables["league"])
    if league.empty:
        return ["Too few models for a comparison of measurements: it takes three of a framework that differ."]
    lines, modes = [], league["mode"].nunique() > 1
    md = league["quantity"].map(is_md).astype(bool)
    free, n_corrected = league[~league["chosen"].astype(bool) & ~md], int((~league["chosen"].astype(bool)).sum())
    for row in (league[league["chosen"].astype(bool)]).to_dict("records"):
        verdict = "tells" if row["p"] < 1 - confidence else "is not shown to tell"
        lines.append(f"Chosen before this study: {called(row, modes)} {verdict} which training lives longer, {share(row)}, p = {row['p']:.2g}.")
    if len(free):
        clear = free[free["p_corrected"] < 1 - confidence]
        row = (clear if len(clear) else free).sort_values("concordance", ascending=False, kind="stable").iloc[0].to_dict()
        if len(clear):
            line = f"**Instead of MD** trust the {called(row, modes)}: it names the longer-lived of two trainings in {share(row)} of pairs"
            top = f", one half of the MD for the other {row['ceiling']:.0%}" if pd.notna(row["ceiling"]) else ""
            lines.append(f"{line} (a guess 50%{top}); p = {row['p_corrected']:.2g} after correction for {n_corrected} measurements.")
            lines += saved(row)
        else:
            what = f"the best of {len(free)}, {called(row, modes)}, names the longer-lived of two trainings in {share(row)} of pairs"
            lines.append(f"**No measurement can replace the MD yet**: {what}, p = {row['p_corrected']:.2g} after correction.")
    for row in league[md & ~league["chosen"].astype(bool)].sort_values("concordance", ascending=False, kind="stable").head(1).to_dict("records"):
        cost = f", and takes {row['seconds']:.3g} s" if pd.notna(row["seconds"]) else ""
        lines.append(f"The beginning of the MD itself, {called(row, modes)}, does so in {share(row)}{cost}.")
    lines += flattered(tables)
    return [*lines, *added(tables, confidence)]


def saved(row: Mapping[str, float]) -> list[str]:
    """What the trusted measurement costs beside the MD; nothing if the wall times are not known."""
    if pd.isna(row["seconds"]) or pd.isna(row["md_seconds"]):
        return []
    anyway = ", and every training has it anyway" if row["baseline"] else ""
    times = row["md_seconds"] / row["seconds"]
    return [f"It takes {row['seconds']:.3g} s for one training, the MD {row['md_seconds']:.3g} s ({times:.3g} times as long){anyway}."]


def flattered(tables: Tables) -> list[str]:
    """How well a measurement does that is chosen without the models it is judged on."""
    choice = widest(tables["choice"])
    rows = {row["way"]: row for row in choice.to_dict("records")}
    if not {"all models", "others"} <= rows.keys():
        return []
    nested, flat = rows["others"], rows["all models"]
    words = f"Between models, the best measurement chosen on other models does so in {nested['concordance']:.0%}"
    return [f"{words}{bounds(nested['low'], nested['high'])}; chosen on the same models {flat['concordance']:.0%}."]


def added(tables: Tables, confidence: float) -> list[str]:
    """Whether a measurement improves the prediction of models left out beyond the baselines."""
    prediction = widest(tables["prediction"])
    tried = prediction[prediction["gain"].notna() & ~prediction["quantity"].map(is_md).astype(bool)]
    if tried.empty:
        return []
    names = listed([quantities()[name].label for name in tried["baselines"].iloc[0].split("+")])
    modes = prediction["mode"].nunique() > 1
    clear = tried[(tried["p_corrected"] < 1 - confidence) & (tried["gain"] > 0)].sort_values("gain", ascending=False)
    best = (clear if len(clear) else tried.sort_values("gain", ascending=False)).iloc[0].to_dict()
    if len(clear):
        words = f"improves the prediction of a model left out most, by {best['gain']:.2f} in ln time (p = {best['p_corrected']:.2g})"
        return [f"Beyond {names}, the {called(best, modes)} {words}."]
    return [f"Beyond {names}, no measurement is shown to add anything (best: {called(best, modes)}, p = {best['p_corrected']:.2g} after correction)."]


def undecided(tables: Tables, confidence: float) -> list[str]:
    """Lines: pairs of models that are not told apart and the seeds that would do it; measurements not told from a guess and the models needed."""
    lines, pairs, needed = [], _with_failures(tables), widest(tables["models_needed"])
    tested = pairs[pairs["p_holm"].notna()]
    open_pairs = tested[tested["p_holm"] >= 1 - confidence]
    if len(open_pairs):
        line = f"Undecided: {len(open_pairs)} of {len(tested)} pairs of models"
        near = open_pairs.sort_values("seeds_needed", na_position="last", kind="stable").iloc[0]
        if pd.notna(near["seeds_needed"]):
            line += (
                f"; about {near['seeds_needed']} seeds of each would tell {near['longer']} and {near['shorter']} apart (ratio {near['ratio']:.2f})"
            )
            more = near["replicas_needed"]
            line += f", or {more} replicas of each training" if pd.notna(more) else ", more replicas alone would not"
        else:
            line += "; not even 100 seeds of each would tell the clearest of them apart"
        lines.append(f"{line}.")
    elif len(tested):
        lines.append(f"Decided: all {len(tested)} pairs of models.")
    open_rows = needed[needed["p_corrected"] >= 1 - confidence]
    if len(open_rows):
        line, modes = f"Undecided: {len(open_rows)} of {len(needed)} measurements", tables["league"]["mode"].nunique() > 1
        near = open_rows.sort_values("models_needed", na_position="last", kind="stable").iloc[0].to_dict()
        if pd.notna(near["models_needed"]):
            line += f"; about {near['models_needed']} models instead of {near['n_models']} would decide about the {called(near, modes)}"
        lines.append(f"{line}.")
    return lines


def short_tables(tables: Tables, confidence: float, chosen: Mapping[str, Any] | None = None) -> list[str]:
    """Sections with a short table per question; none where there is nothing to show."""
    parts = [*diversity.sections(tables, confidence), *defects.sections(tables, confidence)]
    if tables["failures"].empty:
        parts += expected.sections(tables["predictors"], tables["models"], chosen)
    if len(tables["best"]) and tables["failures"]["failed"].astype(bool).any():
        parts += ["## Which choice lives longest", _models(tables["best"])]
    if len(tables["league"]):
        parts += ["## Which measurement tells it", _measurements(tables)]
    parts += [*gaps.sections(tables), *bonds.sections(tables)]
    pairs = _with_failures(tables)
    near = pairs[pairs["seeds_needed"].notna()].sort_values("seeds_needed", kind="stable").head(PAIRS_SHOWN)
    if len(near):
        rows = [
            (row.framework, f"{row.longer} / {row.shorter}", f"{row.ratio:.2f}{bounds(row.low, row.high, '')}", row.n_seeds, row.seeds_needed)
            for row in near.itertuples()
        ]
        header = ("framework", "pair", f"ratio of times [{confidence:.0%}]", "seeds", "seeds needed")
        parts += ["## What would decide the rest", markdown(header, rows)]
    return parts


def _with_failures(tables: Tables) -> pd.DataFrame:
    """Table pairs of the frameworks of which a replica failed: the others' times are all that of the MD."""
    failures, pairs = tables["failures"], tables["pairs"]
    return pairs[pairs["framework"].isin(failures.loc[failures["failed"].astype(bool), "framework"].unique())]


def _models(best: pd.DataFrame) -> str:
    rows = []
    for _, models in best.groupby("framework", sort=False):
        for row in models.head(MODELS_SHOWN).itertuples():
            rows.append((row.framework, row.model, f"{row.life_fs / 1000:.2f}", f"{row.probability_best:.2f}", row.n_seeds))
    return markdown(("framework", "model", "time to failure (ps)", "probability of being the best", "seeds"), rows)


def _measurements(tables: Tables) -> str:
    league, modes = widest(tables["league"]), tables["league"]["mode"].nunique() > 1
    views, gains = widest(tables["within_between"]), widest(tables["prediction"])
    rows = []
    for row in league.sort_values("concordance", ascending=False, kind="stable").head(MEASUREMENTS_SHOWN).to_dict("records"):
        own = [_of(views[views["view"] == view], row, "correlation") for view in ("between", "within")]
        cells = (called(row, modes), share(row), f"{row['p_corrected']:.2g}", *own, _of(gains, row, "gain"))
        rows.append((*cells, f"{row['seconds']:.3g}" if pd.notna(row["seconds"]) else "–"))
    header = ("measurement", "names the longer-lived", "p, corrected", "between models r", "within models r", "gain over the baselines", "seconds")
    return markdown(header, rows) + f"\n\n{len(league)} measurements were compared; the best are shown. All: `tables/league.csv`, figure `league`."


def _of(table: pd.DataFrame, row: Mapping[str, object], column: str) -> str:
    """A number of the same predictor in another table."""
    same = pd.Series(True, index=table.index)
    for key in ("quantity", "mode", "minimum"):
        same &= table[key].fillna("") == ("" if pd.isna(row[key]) else row[key])
    values = table.loc[same.astype(bool), column].dropna()
    return f"{values.iloc[0]:.2f}" if len(values) else "–"
