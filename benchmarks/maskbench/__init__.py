"""MaskBench: what the masks of real JSON Schemas cost, engine by engine.

    cases       records of the data set, as schemas and tokenised instances
    measure     one engine on one case: nanoseconds and verdicts
    supervise   a process that holds all engines, and is replaced when one of them hangs or dies
    summary     percentiles, pairs, ratios, wrong answers, what was slowest
    tables      the summary, to be read by people

The schemas and their instances are those of https://github.com/guidance-ai/jsonschemabench (maskbench/); its own
runner measures each engine in a process of its own, and does not tell a first request from a second.
"""
