"""Servers: structgen inside the engines that serve models.

`requests` makes constraints out of what a request of the OpenAI API holds, and keeps them; `grammars` is one sequence
of a server. They know no server. `vllm/` is a plugin of vLLM, `ray` runs batches on a cluster, `llama_cpp` and `sglang`
are adapters. Each imports its engine when it is used.
"""
