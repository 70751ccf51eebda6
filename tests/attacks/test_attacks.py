"""Each file here is an attack. It is survived by a right answer or a typed refusal, within bounds on time and space."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
ATTACKS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in ("attacking", "test_attacks"))


def ran(name: str, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(folder / f"{name}.py")],
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
        cwd=FOLDER,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the bounds are those of Linux")
@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_survived(name: str) -> None:
    found = ran(name)
    assert found.returncode == 0, found.stderr[-2000:] or f"ended by signal {-found.returncode}"
    outcome = json.loads(found.stdout)["outcome"]
    assert outcome == "answered" or outcome.startswith("refused: ")


@pytest.mark.skipif(sys.platform != "linux", reason="the bounds are those of Linux")
@pytest.mark.parametrize(
    "code",
    [
        "attack(regex='a', valid=['b'])",  # a wrong answer
        "import attacking\nattacking._structgen = lambda *_: [0] * 10**9\nattack(regex='a')",  # too much memory
        "import attacking\nattacking.SECONDS = 0\n"
        "def endless(*_):\n    while True:\n        pass\nattacking._structgen = endless\nattack(regex='a')",
    ],
)
def test_an_attack_that_succeeds_is_seen(tmp_path: Path, code: str) -> None:
    path = tmp_path / "attack.py"
    path.write_text(
        f"import sys\nsys.path.insert(0, {str(FOLDER)!r})\nfrom attacking import attack\n{code}\n"
    )
    found = ran("attack", tmp_path)
    assert found.returncode != 0 or json.loads(found.stdout)["outcome"].startswith("wrong")


def test_each_says_what_it_is() -> None:
    assert len(ATTACKS) >= 30
    for name in ATTACKS:
        assert (FOLDER / f"{name}.py").read_text(encoding="utf-8").startswith('"""')
