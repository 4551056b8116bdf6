"""Analyses: tables made from the study's tables, the same for every study.

Needs: results/<study>/tables/*.csv. Makes: further tables there.
An analysis is a module of nnip.analyse; its ANALYSIS declares its tables and settings, and when it is made.
"""


def analysis_inputs(analysis):
    """The tables an analysis needs, and those it uses if the study makes them, as named inputs."""
    return tables(*analysis.needs, *(table for table in analysis.uses if table not in ABSENT))


for name, analysis in ANALYSES.items():

    rule:
        """Tables made from tables by the module of the same name."""
        name:
            f"analyse_{name}"
        input:
            **analysis_inputs(analysis),
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
            code=code_of("scripts/analyse.py", f"nnip/analyse/{name}.py"),
        message:
            analysis.doing
        script:
            "../scripts/analyse.py"
