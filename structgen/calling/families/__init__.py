"""The families of models, as data: one module for each."""
