"""The command line: `structgen generate`, `check`, `repair`, `explain`, `keywords`, `grammar`, `demo` and `bench`.

Each command reads its options, calls the library and prints. Answers go to standard output, everything about them
to standard error. Exit codes: 0, the text is valid; 1, it is not; 2, the call makes no sense.

`app` holds the commands together, `arguments` turns options into constraints and names every input that is wrong,
`models` loads models and says what it waits for, `tables` is what is printed. Each command is a module.
"""

from structgen.cli.app import app, main
from structgen.cli.demo import DEMO

__all__ = ["DEMO", "app", "main"]
