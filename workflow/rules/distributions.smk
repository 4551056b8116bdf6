"""Distributions: energies, forces and bond lengths of the frames of each split, where the config asks for it (block distributions).

Needs: the data stage's frames. Makes: results/<study>/tables/{distributions,distribution_moments}.csv
"""


rule measure_distributions:
    """Histograms and moments of energies, forces and bond lengths of every split."""
    input:
        train=frames_of_split("train"),
        val=frames_of_split("val"),
        tests=test_frames(),
        code=code_of("scripts/measure_distributions.py"),
    output:
        **tables("distributions", "distribution_moments"),
    log:
        f"{LOGS}/distributions.log",
    conda:
        "../../envs/workflow.yaml"
    resources:
        runtime=growing(30),
        mem_mb=growing(4000),
    params:
        splits=["train", "val", *SPLITS],
        options=config["distributions"],
    message:
        "Count energies, forces and bond lengths of every split: seconds per thousand frames"
    script:
        "../scripts/measure_distributions.py"
