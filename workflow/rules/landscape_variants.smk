"""Landscapes beside the main line: along the same lines over other splits, and with some parameters frozen.

Needs: trainings. Makes: results/<study>/runs/<run>/landscape-<mode>-{<split>,frozen-<name>}/{landscape.csv,directions.csv,manifest.json}
"""


use rule scan_landscape as scan_test_landscape with:
    input:
        potential=potential_code,
        frames=f"{RESULTS}/data/{{split}}.xyz",
        training=f"{RESULTS}/runs/{{run}}/train/manifest.json",
        script=script_path("scan_landscape.py"),
        code=code_of("scripts/scan_landscape.py"),
        environment=environment_ready,
    output:
        landscape=f"{RESULTS}/runs/{{run}}/landscape-{{mode}}-{{split}}/landscape.csv",
        directions=f"{RESULTS}/runs/{{run}}/landscape-{{mode}}-{{split}}/directions.csv",
        manifest=f"{RESULTS}/runs/{{run}}/landscape-{{mode}}-{{split}}/manifest.json",
    log:
        f"{LOGS}/landscape-{{mode}}-{{split}}/{{run}}.log",
    benchmark:
        f"{LOGS}/benchmarks/landscape-{{mode}}-{{split}}/{{run}}.tsv"
    wildcard_constraints:
        split="|".join(map(re.escape, config["landscape"]["test_splits"])) or "none",
    params:
        python=python_of,
        settings=settings_of,
        options=lambda wildcards: json.dumps(variants.line_options(config, split=wildcards.split)),
        trained_in=lambda wildcards, input: os.path.dirname(input.training),
        directory=lambda wildcards, output: os.path.dirname(output.manifest),
    message:
        "Scan the {wildcards.mode} loss landscape of {wildcards.run} over {wildcards.split}: at most {resources.runtime} min"


use rule scan_landscape as scan_frozen_landscape with:
    input:
        potential=potential_code,
        frames=f"{RESULTS}/data/{config['landscape']['split']}.xyz",
        training=f"{RESULTS}/runs/{{run}}/train/manifest.json",
        script=script_path("scan_landscape.py"),
        code=code_of("scripts/scan_landscape.py"),
        environment=environment_ready,
    output:
        landscape=f"{RESULTS}/runs/{{run}}/landscape-{{mode}}-frozen-{{frozen}}/landscape.csv",
        directions=f"{RESULTS}/runs/{{run}}/landscape-{{mode}}-frozen-{{frozen}}/directions.csv",
        manifest=f"{RESULTS}/runs/{{run}}/landscape-{{mode}}-frozen-{{frozen}}/manifest.json",
    log:
        f"{LOGS}/landscape-{{mode}}-frozen-{{frozen}}/{{run}}.log",
    benchmark:
        f"{LOGS}/benchmarks/landscape-{{mode}}-frozen-{{frozen}}/{{run}}.tsv"
    wildcard_constraints:
        frozen="|".join(map(re.escape, config["landscape"]["frozen"])) or "none",
    params:
        python=python_of,
        settings=settings_of,
        options=frozen_options,
        trained_in=lambda wildcards, input: os.path.dirname(input.training),
        directory=lambda wildcards, output: os.path.dirname(output.manifest),
    message:
        "Scan the {wildcards.mode} loss landscape of {wildcards.run} with {wildcards.frozen} frozen: at most {resources.runtime} min"
