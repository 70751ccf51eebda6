"""structgen as the backend for structured outputs of vLLM.

`plugin` is the entry point, which vLLM runs in each of its processes; `backend` has the classes that vLLM calls, and is
imported only when structgen is the backend.
"""
