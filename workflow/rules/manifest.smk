"""Manifest: what the whole study was made from, and the checksums of what it made.

Needs: every table and figure. Makes: results/<study>/manifest.json
"""


localrules:
    write_study_manifest,


rule write_study_manifest:
    """Config, models, seeds and packages of the study, and the checksums of its tables, figures and summary."""
    input:
        study_targets(),
        rules.write_si_tables.output,
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
