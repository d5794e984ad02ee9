"""Measure how many files of each scikit-learn are answered as it answers them itself.

    python scripts/measure_estimators.py [VERSION...] [--every N] [--forms all]

Every estimator of the issue with its options, on small data, in pickles of every protocol, joblib's
files and compressions and skops, alone and beside other things: about 1,100 files a version, and
with ``--forms all`` about 20,000. Versions are installed with uv where the folder in ORACLES has
none. The bar: predictions equal, probabilities and decision values within 1e-6; only estimators
that are not promised may be refused. Takes half a minute a version; run it in the environment of
the tests.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("src", "tests")]

from estimators.agreement import Written, disagreements, plan_of, written_in  # noqa: E402
from estimators.oracles import NEEDED, NoOracleError, python_of, write_files  # noqa: E402
from estimators.refusable import is_refusable  # noqa: E402
from vistazo.errors import ModelError  # noqa: E402

_VERDICTS = ("agree", "differ", "refused", "refused, though promised")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("versions", nargs="*", help="such as 1.2.2; by default five")
    parser.add_argument("--every", default="1", help="each Nth case only")
    parser.add_argument("--forms", default="one", choices=["one", "all"])
    told = parser.parse_args()
    table: dict[str, Counter[tuple[str, str]]] = {}
    for version in told.versions or list(NEEDED):
        try:
            table[version] = _measured(version, "--every", told.every, "--forms", told.forms)
        except NoOracleError as reason:
            print(f"{version}: not installed: {reason}", file=sys.stderr)
    _print_table(table)
    return int(any(_bad(counts) for counts in table.values()))


def _measured(version: str, *options: str) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        write_files(python_of(version), Path(folder), *options)
        for written in written_in(Path(folder)):
            counts[_estimator(written), _verdict(version, written, Path(folder))] += 1
            if sys.stderr.isatty():
                print(f"\r{version}: {counts.total()} files", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    print(f"{version}: {counts.total()} files in {time.monotonic() - begun:.0f} s")
    return counts


def _verdict(version: str, written: Written, folder: Path) -> str:
    """One of _VERDICTS; what is wrong is printed."""
    try:
        found = disagreements(written, plan_of(written, folder / "plan.npz"))
        verdict = "differ" if found else "agree"
    except ModelError as error:
        verdict = "refused" if is_refusable(written) else "refused, though promised"
        found = [] if verdict == "refused" else [str(error)]
    for each in found:
        print(f"\r{version}: {written}: {each}")
    return verdict


def _estimator(written: Written) -> str:
    return written.estimator


def _bad(counts: Counter[tuple[str, str]]) -> int:
    return sum(n for (_, verdict), n in counts.items() if verdict in (_VERDICTS[1], _VERDICTS[3]))


def _print_table(table: dict[str, Counter[tuple[str, str]]]) -> None:
    names = sorted({name for counts in table.values() for name, _ in counts})
    print(f"\n{'agree / differ / refused':32}", *(f"{version:>14}" for version in table))
    for name in names:
        print(f"{name:32}", *(f"{_cell(counts, name):>14}" for counts in table.values()))
    for verdict in _VERDICTS:
        of = [sum(n for (_, v), n in counts.items() if v == verdict) for counts in table.values()]
        print(f"{verdict:32}", *(f"{n:>14}" for n in of))


def _cell(counts: Counter[tuple[str, str]], name: str) -> str:
    agree, differ, refused, missing = (counts[name, verdict] for verdict in _VERDICTS)
    return f"{agree} / {differ} / {refused + missing}"


if __name__ == "__main__":
    sys.exit(main())
