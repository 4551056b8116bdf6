"""The paper's tables S1 to S6 for any study: switches, entropy with time to failure, and errors of each framework's models."""

from dataclasses import dataclass

import pandas as pd

from nnip.analyse.entropy import main_lines

UNITS = {"energy_rmse_eV_per_atom": "energy (meV/atom)", "forces_rmse_eV_per_A": "forces (meV/Å)"}


@dataclass(frozen=True)
class SITable:
    """A table for readers: title, content in display order, number of decimals, and a remark."""

    title: str
    data: pd.DataFrame
    decimals: int = 2
    remark: str = ""

    def shown(self) -> pd.DataFrame:
        """The content as text, rounded."""
        numbers = self.data.select_dtypes("number").columns
        text = self.data.astype("string")
        for name in numbers:
            whole = pd.api.types.is_integer_dtype(self.data[name])
            text[name] = [pd.NA if pd.isna(value) else f"{value:.{0 if whole else self.decimals}f}" for value in self.data[name]]
        return text.fillna("–")

    def markdown(self) -> str:
        """Title, table and remark."""
        return "\n\n".join(part for part in (self.title, self.shown().to_markdown(index=False, disable_numparse=True), self.remark) if part) + "\n"

    def latex(self) -> str:
        """A table environment for the booktabs package; special characters of names escaped."""
        data = self.shown()
        columns = "".join("r" if name in self.data.select_dtypes("number") else "l" for name in data)
        body = [" & ".join(map(escape, row)) + r" \\" for row in data.itertuples(index=False, name=None)]
        lines = [r"\begin{table}", r"\centering", rf"\caption{{{escape(' '.join([self.title + '.', self.remark]).strip())}}}"]
        lines += [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", " & ".join(map(escape, data.columns)) + r" \\", r"\midrule", *body]
        return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}"]) + "\n"


def escape(text: str) -> str:
    """Text for LaTeX, with special characters and the few signs that plain LaTeX lacks replaced."""
    table: dict[str, str | int | None] = {character: rf"\{character}" for character in "&%$#_{}"}
    table |= {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "Å": r"\AA{}",
        "ν": r"$\nu$",
        "–": "--",
        "±": r"$\pm$",
    }
    return str(text).translate(str.maketrans(table))


def order(models: pd.DataFrame, framework: str) -> pd.DataFrame:
    """Model and label of a framework's models, once each, in the order they are drawn."""
    return models[models["framework"] == framework].drop_duplicates("model")[["model", "label"]].reset_index(drop=True)


def hyperparameter_table(models: pd.DataFrame, hyperparameters: pd.DataFrame, framework: str) -> SITable:
    """Switches in which the framework's models differ; common ones are in the remark."""
    switches = hyperparameters[(hyperparameters["framework"] == framework) & ~hyperparameters["name"].str.startswith("released.")]
    wide = switches.pivot(index="model", columns="name", values="value").reindex(columns=list(dict.fromkeys(switches["name"])))
    same = [name for name in wide if wide[name].nunique(dropna=False) == 1]
    data = order(models, framework).merge(wide.drop(columns=same), how="left", left_on="model", right_index=True)
    alike = ", ".join(f"{name} {wide[name].iloc[0]}" for name in same)
    return SITable(f"Settings of the {framework} models", data, remark=f"All models: {alike}." if alike else "")


def entropy_table(models: pd.DataFrame, entropy: pd.DataFrame, survival: pd.DataFrame, failures: pd.DataFrame, framework: str, split: str) -> SITable:
    """Loss entropy with the minimum kept and subtracted, and time to failure in ps: mean ± standard deviation, and restricted mean with interval.

    split: frames of the main landscapes.
    """
    data = order(models, framework)
    entropy = main_lines(entropy[entropy["framework"] == framework], split)
    modes = list(dict.fromkeys(entropy["mode"]))
    for mode in modes:
        suffix = f" ({mode})" if len(modes) > 1 else ""
        rows = entropy[entropy["mode"] == mode]
        means = rows[rows["minimum"] == "kept"].groupby("model")[["S_energy", "S_forces", "S"]].mean()
        means["S, minimum subtracted"] = rows[rows["minimum"] == "subtracted"].groupby("model")["S"].mean()
        data = data.merge(means.rename(columns=lambda name, suffix=suffix: name + suffix), how="left", left_on="model", right_index=True)
    times = failures[failures["framework"] == framework].groupby("model")["time_fs"].agg(["mean", "std"]) / 1000
    pooled = survival.sort_values("seed", na_position="first").drop_duplicates("model").set_index("model")
    row = {
        "time to failure (ps)": [_pm(times, name) for name in data["model"]],
        "restricted mean (ps)": [_range(pooled, name) for name in data["model"]],
        "not failed": [f"{pooled['n_replicas'][name] - pooled['n_failed'][name]} of {pooled['n_replicas'][name]}" if name in pooled.index else pd.NA
                       for name in data["model"]],
    }  # fmt: skip
    remark = "Time to failure: mean ± standard deviation of the replicas, one that did not fail counted with the time it was watched."
    return SITable(f"Loss entropy and time to failure of the {framework} models", data.assign(**row), remark=remark)


def _pm(times: pd.DataFrame, name: str) -> object:
    if name not in times.index:
        return pd.NA
    mean, deviation = times.loc[name, ["mean", "std"]]
    return f"{mean:.2f}" + ("" if pd.isna(deviation) else f" ± {deviation:.2f}")


def _range(pooled: pd.DataFrame, name: str) -> object:
    if name not in pooled.index:
        return pd.NA
    mean, low, high = (pooled[column][name] for column in ("rmst_fs", "rmst_low_fs", "rmst_high_fs"))
    return f"{mean / 1000:.2f}" + ("" if pd.isna(low) or pd.isna(high) else f" [{low / 1000:.2f}, {high / 1000:.2f}]")


def error_table(models: pd.DataFrame, errors: pd.DataFrame, training_sets: pd.DataFrame, framework: str) -> SITable:
    """Energy and force RMSE on every split for every size of the learning curve: means over seeds."""
    rows = errors[errors["framework"] == framework].merge(training_sets[training_sets["role"] != "beside"], on="training_set")
    wide = rows.pivot_table(index=["model", "split"], columns="n_train", values=list(UNITS), aggfunc="mean", sort=False) * 1000
    sizes = sorted(rows["n_train"].unique())
    wide = pd.DataFrame({f"{unit}, n = {n}": wide.get((name, n)) for name, unit in UNITS.items() for n in sizes}, index=wide.index)
    data = order(models, framework).merge(wide.reset_index(), on="model")
    return SITable(
        f"Errors (RMSE) of the {framework} models",
        data,
        decimals=1,
        remark='Split "all": all test frames together.' if "all" in set(rows["split"]) else "",
    )
