"""`python -m structgen.cli`."""

from structgen.cli.app import main

main()
