"""What the benchmarks of sampling share: tasks with outside judges, arms, how figures are written down."""
