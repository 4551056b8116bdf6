"""Environments: one per framework, made once from envs/<framework>.lock.txt and named by the hash of that list.

Makes: .venvs/<framework>-<hash>/.ready
"""


localrules:
    environments,
    make_environment,


rule environments:
    """The environments of all frameworks, in advance of a study (for compute nodes without a network)."""
    input:
        [f"{environments.environment(framework)}/.ready" for framework in frameworks()],
        [environments.interpreter(framework) for framework in frameworks()],


rule make_environment:
    """Install one framework's packages with uv (pip if that fails), with the site's build of torch."""
    output:
        ready=touch(".venvs/{framework}-{hash}/.ready"),
        python=".venvs/{framework}-{hash}/bin/python",
    log:
        "logs/environments/{framework}-{hash}.log",
    wildcard_constraints:
        framework="|".join(frameworks()),
        hash="[0-9a-f]{12}",
    conda:
        "../../envs/workflow.yaml"
    params:
        backend=config["torch_backend"] or "",
        lock=f"{ROOT}/envs/{{framework}}.lock.txt",
        script=f"{ROOT}/workflow/scripts/make_environment.sh",
    message:
        "Make the {wildcards.framework} environment .venvs/{wildcards.framework}-{wildcards.hash} (about a minute, 0.8 GB with a CPU build of torch)"
    shell:
        "bash {params.script:q} .venvs/{wildcards.framework}-{wildcards.hash} {params.lock:q} {params.backend:q} > {log} 2>&1"
