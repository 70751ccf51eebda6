"""SQL over 300 tables of 50 columns."""

from attacking import attack

attack(
    sql={f"t{i}": [f"c{i}_{k}" for k in range(50)] for i in range(300)},
    valid=["SELECT c7_3 FROM t7"],
    invalid=["SELECT nothing FROM t7"],
)
