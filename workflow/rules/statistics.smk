"""Statistics: entropies, survival, learning curves, correlations, the SI's tables and the summary. For every study alike.

Needs: results/<study>/tables/{models,hyperparameters,errors,landscape,failures}.csv; table notes and errors_repeated where the study is published data.
Makes: results/<study>/tables/{entropy,sensitivity,survival,kaplan_meier,logrank,learning_curves,predictors,outcomes,effects,correlations,
partial_correlations,noise_floor}.csv, {sampling,resolution}.csv unless published, results/<study>/tables/si/ and results/<study>/summary.md
"""


localrules:
    make_entropy,
    make_sampling,
    make_survival,
    make_predictors,
    make_effects,
    make_correlations,
    write_si_tables,
    write_summary,


rule make_entropy:
    """Loss entropy of every landscape at the study's settings, and over a grid of them."""
    input:
        **tables("landscape"),
        code=code_of("scripts/make_entropy.py"),
    output:
        **tables("entropy", "sensitivity"),
    log:
        f"{LOGS}/statistics/entropy.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        options=config["entropy"],
    message:
        "Loss entropy of every landscape"
    script:
        "../scripts/make_entropy.py"


rule make_sampling:
    """Loss entropy at fewer directions and points with its bootstrap interval, and whether it tells the models apart."""
    input:
        **tables("landscape"),
        code=code_of("scripts/make_sampling.py"),
    output:
        **tables("sampling", "resolution"),
    log:
        f"{LOGS}/statistics/sampling.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        entropy=config["entropy"],
        statistics=config["statistics"],
        seed=config["seed"],
    message:
        "Loss entropy of fewer directions and points"
    script:
        "../scripts/make_sampling.py"


rule make_survival:
    """Times to failure as censored data."""
    input:
        **tables("failures", "models"),
        code=code_of("scripts/make_survival.py"),
    output:
        **tables("survival", "kaplan_meier", "logrank"),
    log:
        f"{LOGS}/statistics/survival.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        horizon_fs=config["md"]["duration_fs"],
        confidence=config["statistics"]["confidence"],
    message:
        "Survival curves and restricted means of the hot MD"
    script:
        "../scripts/make_survival.py"


rule make_predictors:
    """Learning-curve slopes, and every model's predictors and outcomes."""
    input:
        **tables("entropy", "landscape", "errors", "training_sets", "survival"),
        code=code_of("scripts/make_predictors.py"),
    output:
        **tables("learning_curves", "predictors", "outcomes"),
    log:
        f"{LOGS}/statistics/predictors.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        confidence=config["statistics"]["confidence"],
    message:
        "Predictors and outcomes of every model"
    script:
        "../scripts/make_predictors.py"


rule make_effects:
    """What each training choice changes, against the first model of its experiment."""
    input:
        **tables("models", "predictors", "outcomes"),
        code=code_of("scripts/make_effects.py"),
    output:
        **tables("effects"),
    log:
        f"{LOGS}/statistics/effects.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        confidence=config["statistics"]["confidence"],
    message:
        "What each training choice changes"
    script:
        "../scripts/make_effects.py"


rule make_correlations:
    """Every predictor against every outcome, and the noise floor."""
    input:
        **tables("predictors", "outcomes", "hyperparameters", "failures", *(["errors_repeated"] if PUBLISHED else [])),
        code=code_of("scripts/make_correlations.py"),
    output:
        **tables("correlations", "partial_correlations", "noise_floor"),
    log:
        f"{LOGS}/statistics/correlations.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        horizon_fs=config["md"]["duration_fs"],
        statistics=config["statistics"],
        seed=config["seed"],
    message:
        "Correlate predictors with outcomes"
    script:
        "../scripts/make_correlations.py"


rule write_si_tables:
    """The paper's tables S1 to S6 of this study, as csv, Markdown and LaTeX."""
    input:
        **tables("models", "hyperparameters", "entropy", "survival", "failures", "errors", "training_sets"),
        code=code_of("scripts/write_si_tables.py"),
    output:
        [
            f"{TABLES}/si/{framework}_{name}.{kind}"
            for framework in dict.fromkeys(row["framework"] for row in MODELS["models"].values())
            for name in SI_TABLES
            for kind in ("csv", "md", "tex")
        ],
    log:
        f"{LOGS}/statistics/si_tables.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Write the tables S1 to S6"
    script:
        "../scripts/write_si_tables.py"


rule write_summary:
    """What the study's data support and what they do not, in words."""
    input:
        **tables(
            "models",
            "entropy",
            "failures",
            "survival",
            "logrank",
            "effects",
            "sensitivity",
            "correlations",
            "partial_correlations",
            "noise_floor",
            *(["notes"] if PUBLISHED else ["trainings", "missing", "resolution"]),
        ),
        code=code_of("scripts/write_summary.py"),
    output:
        report(f"{RESULTS}/summary.md", category="Summary"),
    log:
        f"{LOGS}/statistics/summary.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        study=config["study"],
        confidence=config["statistics"]["confidence"],
    message:
        "Write the summary"
    script:
        "../scripts/write_summary.py"
