"""Published: the raw tables released with the paper, checked and converted to the tables of a study.

Needs: the network, or a mirror. Makes: results/<study>/released/*.csv and
results/<study>/tables/{models,hyperparameters,training_sets,errors,errors_repeated,landscape,failures,notes}.csv
"""

from nnip.published.files import FILES


localrules:
    fetch_published,
    import_published,


rule fetch_published:
    """The authors' files at a pinned commit, each verified by its checksums."""
    output:
        [f"{RESULTS}/released/{file}" for file in FILES],
    log:
        f"{LOGS}/published/fetch.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_of("scripts/fetch_published.py"),
    message:
        "Fetch and check the released files"
    script:
        "../scripts/fetch_published.py"


rule import_published:
    """The released files as tables of the study, with their oddities in table notes."""
    input:
        rules.fetch_published.output,
    output:
        **{
            name: f"{RESULTS}/tables/{name}.csv"
            for name in ("models", "hyperparameters", "training_sets", "errors", "errors_repeated", "landscape", "failures", "notes")
        },
    log:
        f"{LOGS}/published/import.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_of("scripts/import_published.py"),
        models=MODELS["models"],
        experiments=MODELS["experiments"],
    message:
        "Import the released files"
    script:
        "../scripts/import_published.py"
