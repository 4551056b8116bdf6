"""Toy: a linear regressor fitted to noisy labels, where the config asks for it (block toy). It needs no frames.

Makes: results/<study>/tables/toy.csv
"""


localrules:
    make_toy,


rule make_toy:
    """Errors of least squares on noisy labels, against the noise and the number of points."""
    input:
        code=code_of("scripts/make_toy.py"),
    output:
        **tables("toy"),
    log:
        f"{LOGS}/statistics/toy.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        options=config["toy"],
        seed=config["seed"],
        confidence=config["statistics"]["confidence"],
    message:
        "Fit a linear regressor to noisy labels; seconds"
    script:
        "../scripts/make_toy.py"
