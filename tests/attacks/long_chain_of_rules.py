"""5,000 rules, each refers to the next one."""

from attacking import attack

RULES = "".join(f"r{i}: r{i + 1}\n" for i in range(5000))
attack(lark=f'start: r0\n{RULES}r5000: "a"\n', valid=["a"], invalid=["b"])
