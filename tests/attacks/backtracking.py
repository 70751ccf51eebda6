"""(a+)+$: exponential for an engine that backtracks."""

from attacking import attack

attack(regex="(a+)+b", valid=["a" * 5000 + "b"], invalid=["a" * 5000])
