"""Report: the SI's tables, the summary, and the manifest of the whole study.

Needs: every table and figure. Makes: results/<study>/tables/si/, results/<study>/summary.md, details.md and manifest.json
"""


localrules:
    write_si_tables,
    write_summary,
    write_study_manifest,


rule write_si_tables:
    """The paper's tables S1 to S6 of this study, as csv, Markdown and LaTeX."""
    input:
        **made_tables("models", "hyperparameters", "entropy", "survival", "failures", "errors", "training_sets"),
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
    params:
        code=code_of("scripts/write_si_tables.py"),
        split=config["landscape"]["split"],
    message:
        "Write the tables S1 to S6"
    script:
        "../scripts/write_si_tables.py"


rule write_summary:
    """The summary in words, the answer first, and its details."""
    input:
        **made_tables(
            "models",
            "predictors",
            "entropy",
            "failures",
            "survival",
            "logrank",
            "effects",
            "sensitivity",
            "correlations",
            "partial_correlations",
            "noise_floor",
            "best",
            "pairs",
            "league",
            "within_between",
            "prediction",
            "choice",
            "models_needed",
            "balance",
            "outcome_league",
            "defect_errors",
            "league_gaps",
            "bond_league",
            *(["notes"] if PUBLISHED else ["trainings", "missing", "resolution", "md_start", "costs"]),
        ),
        data=data_manifests(),
    output:
        report(f"{RESULTS}/summary.md", category="Summary"),
        report(f"{RESULTS}/details.md", category="Summary"),
    log:
        f"{LOGS}/statistics/summary.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_of("scripts/write_summary.py"),
        study=config["study"],
        confidence=config["statistics"]["confidence"],
        split=config["landscape"]["split"],
        chosen=config["league"]["chosen"],
    message:
        "Write the summary"
    script:
        "../scripts/write_summary.py"


rule write_study_manifest:
    """Config, models, seeds and packages of the study, and the checksums of its tables, figures and summary."""
    input:
        results=[*study_targets(), *rules.write_si_tables.output],
        manifests=job_manifests(),
    output:
        f"{RESULTS}/manifest.json",
    log:
        f"{LOGS}/manifest.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        models=MODELS,
    message:
        "Write the study's manifest"
    script:
        "../scripts/write_study_manifest.py"
