"""Analyses: what is made of the study's tables, for every study alike.

Needs: results/<study>/tables/*.csv. Makes: further tables there.
An analysis is a module of nnip.analyse; its tables, settings and when it is made are in its ANALYSIS.
"""


def analysis_inputs(name, analysis):
    """The tables an analysis needs, those it uses where the study makes them, and the code that makes it, as named inputs."""
    uses = [table for table in analysis.uses if table not in ABSENT]
    return tables(*analysis.needs, *uses) | {"code": code_of("scripts/analyse.py", f"nnip/analyse/{name}.py")}


for name, analysis in ANALYSES.items():

    rule:
        """Tables made of tables by the module of its name."""
        name:
            f"analyse_{name}"
        input:
            **analysis_inputs(name, analysis),
        output:
            **tables(*analysis.tables),
        log:
            f"{LOGS}/analyse/{name}.log",
        localrule: True
        conda:
            "../../envs/workflow.yaml"
        params:
            analysis=name,
            main_set=MAIN_SET,
            settings={key: setting(key) for key in analysis.settings},
        message:
            analysis.doing
        script:
            "../scripts/analyse.py"
