"""Shapes: what schemas say, read into frozen values; each type with its operations in a module of its own.

In reading order:

    schema.py       references to schemas
    source.py       the keywords of one schema object, checked
    strings.py      what is said of strings: read, intersect, complement, is it empty, does it contain a value
    numbers.py      the same of numbers
    arrays.py       of arrays
    objects.py      of objects
    shape.py        what the plain keywords of one schema say, all types together
    combinators.py  the keywords that combine schemas
    reader.py       makes schemas, and reads them
"""
