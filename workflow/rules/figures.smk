"""Figures: every figure of the study, drawn from its tables alone, each as PNG and PDF.

Needs: results/<study>/tables/*.csv. Makes: results/<study>/figures/<figure>.{png,pdf}
Which tables a figure is drawn from, and whether there is one per framework, is in nnip.figures.FIGURES.
"""


localrules:
    draw_scaling,
    draw_landscape_entropy,
    draw_experiments,
    draw_landscapes,
    draw_trends,
    draw_effects,
    draw_correlations,
    draw_flatness,
    draw_learning_curves,
    draw_slopes,
    draw_rmse,
    draw_kaplan_meier,
    draw_sensitivity,
    draw_sampling,
    draw_directions,
    draw_planes,
    draw_test_landscapes,
    draw_frozen,
    draw_temperatures,
    draw_noise,


rule draw_scaling:
    """Extrapolation slope against 300 K error: literature and the study's own models."""
    input:
        **drawn_from("scaling"),
        literature=os.path.relpath(f"{ROOT}/workflow/nnip/literature_3bpa.csv"),
    output:
        png=shown("scaling", "Accuracy and learning"),
        pdf=f"{RESULTS}/figures/scaling.pdf",
    log:
        f"{LOGS}/figures/scaling.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw scaling"
    script:
        "../scripts/draw_scaling.py"


rule draw_landscape_entropy:
    """How loss entropy is made of a landscape: the sharpest and the flattest model."""
    input:
        **drawn_from("landscape_entropy"),
    output:
        png=shown("landscape_entropy", "Loss landscapes"),
        pdf=f"{RESULTS}/figures/landscape_entropy.pdf",
    log:
        f"{LOGS}/figures/landscape_entropy.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw landscape entropy"
    script:
        "../scripts/draw_landscape_entropy.py"


rule draw_experiments:
    """A framework's experiments side by side: landscapes, entropy, time to failure."""
    input:
        **drawn_from("experiments"),
    output:
        png=shown("experiments_{framework}", "Experiments"),
        pdf=f"{RESULTS}/figures/experiments_{{framework}}.pdf",
    log:
        f"{LOGS}/figures/experiments_{{framework}}.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw experiments of {wildcards.framework}"
    script:
        "../scripts/draw_experiments.py"


rule draw_landscapes:
    """Energy and force landscapes of a framework's models."""
    input:
        **drawn_from("landscapes"),
    output:
        png=shown("landscapes_{framework}", "Loss landscapes"),
        pdf=f"{RESULTS}/figures/landscapes_{{framework}}.pdf",
    log:
        f"{LOGS}/figures/landscapes_{{framework}}.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw landscapes of {wildcards.framework}"
    script:
        "../scripts/draw_landscapes.py"


rule draw_trends:
    """Entropy and force error against time to failure and learning."""
    input:
        **drawn_from("trends"),
    output:
        png=shown("trends", "What predicts extrapolation"),
        pdf=f"{RESULTS}/figures/trends.pdf",
    log:
        f"{LOGS}/figures/trends.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw trends"
    script:
        "../scripts/draw_trends.py"


rule draw_effects:
    """What each training choice changes, with intervals over seeds."""
    input:
        **drawn_from("effects"),
    output:
        png=shown("effects_{framework}", "Experiments"),
        pdf=f"{RESULTS}/figures/effects_{{framework}}.pdf",
    log:
        f"{LOGS}/figures/effects_{{framework}}.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw effects of {wildcards.framework}"
    script:
        "../scripts/draw_effects.py"


rule draw_correlations:
    """Every correlation of a framework with its intervals."""
    input:
        **drawn_from("correlations"),
    output:
        png=shown("correlations_{framework}", "What predicts extrapolation"),
        pdf=f"{RESULTS}/figures/correlations_{{framework}}.pdf",
    log:
        f"{LOGS}/figures/correlations_{{framework}}.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw correlations of {wildcards.framework}"
    script:
        "../scripts/draw_correlations.py"


rule draw_flatness:
    """Level or flatness: entropy beside the training error at the landscape's centre."""
    input:
        **drawn_from("flatness"),
    output:
        png=shown("flatness", "What predicts extrapolation"),
        pdf=f"{RESULTS}/figures/flatness.pdf",
    log:
        f"{LOGS}/figures/flatness.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw flatness"
    script:
        "../scripts/draw_flatness.py"


rule draw_learning_curves:
    """Force error against the number of training frames."""
    input:
        **drawn_from("learning_curves"),
    output:
        png=shown("learning_curves_{framework}", "Accuracy and learning"),
        pdf=f"{RESULTS}/figures/learning_curves_{{framework}}.pdf",
    log:
        f"{LOGS}/figures/learning_curves_{{framework}}.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw learning curves of {wildcards.framework}"
    script:
        "../scripts/draw_learning_curves.py"


rule draw_slopes:
    """Slopes of force error with temperature and of learning curves."""
    input:
        **drawn_from("slopes"),
    output:
        png=shown("slopes_{framework}", "Accuracy and learning"),
        pdf=f"{RESULTS}/figures/slopes_{{framework}}.pdf",
    log:
        f"{LOGS}/figures/slopes_{{framework}}.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw slopes of {wildcards.framework}"
    script:
        "../scripts/draw_slopes.py"


rule draw_rmse:
    """Force and energy error on every split."""
    input:
        **drawn_from("rmse"),
    output:
        png=shown("rmse_{framework}", "Accuracy and learning"),
        pdf=f"{RESULTS}/figures/rmse_{{framework}}.pdf",
    log:
        f"{LOGS}/figures/rmse_{{framework}}.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw rmse of {wildcards.framework}"
    script:
        "../scripts/draw_rmse.py"


rule draw_kaplan_meier:
    """Survival in hot MD with bands and numbers at risk."""
    input:
        **drawn_from("kaplan_meier"),
    output:
        png=shown("kaplan_meier_{framework}", "Time to failure"),
        pdf=f"{RESULTS}/figures/kaplan_meier_{{framework}}.pdf",
    log:
        f"{LOGS}/figures/kaplan_meier_{{framework}}.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw kaplan meier of {wildcards.framework}"
    script:
        "../scripts/draw_kaplan_meier.py"


rule draw_sensitivity:
    """How entropy and its ranking depend on its temperatures and on alpha."""
    input:
        **drawn_from("sensitivity"),
    output:
        png=shown("sensitivity_{framework}", "Loss landscapes"),
        pdf=f"{RESULTS}/figures/sensitivity_{{framework}}.pdf",
    log:
        f"{LOGS}/figures/sensitivity_{{framework}}.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw sensitivity of {wildcards.framework}"
    script:
        "../scripts/draw_sensitivity.py"


rule draw_sampling:
    """Entropy against the numbers of directions and points, and the sources of its scatter."""
    input:
        **drawn_from("sampling"),
    output:
        png=shown("sampling_{framework}", "Loss landscapes"),
        pdf=f"{RESULTS}/figures/sampling_{{framework}}.pdf",
    log:
        f"{LOGS}/figures/sampling_{{framework}}.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw sampling of {wildcards.framework}"
    script:
        "../scripts/draw_sampling.py"


rule draw_directions:
    """Cosines between the directions of the landscapes."""
    input:
        **drawn_from("directions"),
    output:
        png=shown("directions", "Loss landscapes"),
        pdf=f"{RESULTS}/figures/directions.pdf",
    log:
        f"{LOGS}/figures/directions.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw directions"
    script:
        "../scripts/draw_directions.py"


rule draw_planes:
    """The loss over planes in weight space, from forces alone to energy alone."""
    input:
        **drawn_from("planes"),
    output:
        png=shown("planes_{framework}", "Loss landscapes"),
        pdf=f"{RESULTS}/figures/planes_{{framework}}.pdf",
    log:
        f"{LOGS}/figures/planes_{{framework}}.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        energy_weights=(config["planes"] or {}).get("energy_weights"),
    message:
        "Draw planes of {wildcards.framework}"
    script:
        "../scripts/draw_planes.py"


rule draw_test_landscapes:
    """Landscapes over training and test frames, and their entropies."""
    input:
        **drawn_from("test_landscapes"),
    output:
        png=shown("test_landscapes_{framework}", "Loss landscapes"),
        pdf=f"{RESULTS}/figures/test_landscapes_{{framework}}.pdf",
    log:
        f"{LOGS}/figures/test_landscapes_{{framework}}.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw test landscapes of {wildcards.framework}"
    script:
        "../scripts/draw_test_landscapes.py"


rule draw_frozen:
    """Landscapes with all weights displaced and with some frozen, and their entropies."""
    input:
        **drawn_from("frozen"),
    output:
        png=shown("frozen_{framework}", "Loss landscapes"),
        pdf=f"{RESULTS}/figures/frozen_{{framework}}.pdf",
    log:
        f"{LOGS}/figures/frozen_{{framework}}.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw landscapes with frozen parameters of {wildcards.framework}"
    script:
        "../scripts/draw_frozen.py"


rule draw_noise:
    """Training on noisy labels: error against the noisy and the clean training frames."""
    input:
        **drawn_from("noise"),
    output:
        png=shown("noise", "Accuracy and learning"),
        pdf=f"{RESULTS}/figures/noise.pdf",
    log:
        f"{LOGS}/figures/noise.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw noise"
    script:
        "../scripts/draw_noise.py"


rule draw_temperatures:
    """Temperature and energy of the replicas in hot MD while they last."""
    input:
        **drawn_from("temperatures"),
    output:
        png=shown("temperatures_{framework}", "Time to failure"),
        pdf=f"{RESULTS}/figures/temperatures_{{framework}}.pdf",
    log:
        f"{LOGS}/figures/temperatures_{{framework}}.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        "Draw temperatures of {wildcards.framework}"
    script:
        "../scripts/draw_temperatures.py"
