"""Noise study: trainings on one label with Gaussian noise, measured against the noisy frames and the clean ones.

Needs: the data stage's frames; trainings and errors of the noise runs (train.smk, evaluate.smk).
Makes: results/<study>/data/noise/<label><sigma>/{train.xyz,val.xyz,manifest.json}, results/<study>/tables/noise_{trainings,errors}.csv
"""


localrules:
    add_noise,
    gather_noise,


rule add_noise:
    """Training and validation frames with noise on one label; the same noise for every sigma but for its size."""
    input:
        **labelled_frames(config["noise"]["n_train"] or config["n_train"]),
        code=code_of("scripts/add_noise.py"),
    output:
        [f"{RESULTS}/data/noise/{{label}}{{sigma}}/{name}.xyz" for name in ("train", "val")],
        manifest=f"{RESULTS}/data/noise/{{label}}{{sigma}}/manifest.json",
    log:
        f"{LOGS}/noise/{{label}}{{sigma}}.log",
    wildcard_constraints:
        label="|".join(config["noise"]["labels"]),
        sigma=r"[\d.e+-]+",
    conda:
        "../../envs/workflow.yaml"
    params:
        seed=config["seed"],
        directory=lambda wildcards, output: os.path.dirname(output.manifest),
    message:
        "Add noise of {wildcards.sigma} standard deviations to the {wildcards.label} of the training frames"
    script:
        "../scripts/add_noise.py"


rule gather_noise:
    """What the noise runs measured, apart from the main line's tables."""
    input:
        trainings=run_files("train/training.csv", NOISE_RUNS),
        errors=run_files("evaluate/errors.csv", NOISE_RUNS),
        missing=f"{TABLES}/missing.csv",
        noise=[f"{noise_folder(RUNS[run])}/manifest.json" for run in NOISE_RUNS],
        code=code_of("scripts/gather_noise.py"),
    output:
        **tables("noise_trainings", "noise_errors"),
    log:
        f"{LOGS}/tables/noise.log",
    conda:
        "../../envs/workflow.yaml"
    message:
        f"Gather the tables of {len(NOISE_RUNS)} noise runs"
    script:
        "../scripts/gather_noise.py"
