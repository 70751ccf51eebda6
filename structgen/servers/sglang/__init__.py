"""structgen as a grammar backend of SGLang.

`plugin` is the entry point, which SGLang runs in each of its processes; `backend` has the classes that SGLang calls,
and is imported only when structgen is the backend.
"""
