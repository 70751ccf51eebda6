"""Servers: structgen inside the engines that serve models.

`requests` makes constraints out of what a request of the OpenAI API holds, and keeps them; `sequences` is one sequence
of a server; `signatures` checks that a server has the functions that a plugin calls. They know no server. `vllm/` and
`sglang/` are plugins, `ray` runs batches on a cluster. Each imports its engine when it is used.
"""
