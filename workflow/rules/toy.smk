"""Toy: a linear regressor fitted to noisy labels, where the config asks for it (block toy). It needs no frames.

Makes: results/<study>/tables/toy.csv
"""


localrules:
    make_toy,
    draw_toy,


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


rule draw_toy:
    """Errors on the noisy labels and on the true function, with their theory."""
    input:
        **drawn_from("toy"),
    output:
        png=shown("toy", "Noise"),
        pdf=f"{RESULTS}/figures/toy.pdf",
    log:
        f"{LOGS}/figures/toy.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw toy"
    script:
        "../scripts/draw_toy.py"
