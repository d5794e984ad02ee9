"""Bring Swagger UI, which /docs serves, into the package: of one version, by its hashes.

    python scripts/vendor_swagger_ui.py           what is here is what SOURCE says, or exit status 1
    scripts/vendor_swagger_ui.py 5.35.0    fetch that version with npm, and write SOURCE anew

Needs npm for the second. Nothing is built: the files are those of the package, packed with gzip.
"""

import gzip
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "src/vistazo/api/swagger_ui"
SOURCE = FOLDER / "source.json"
PACKAGE = "swagger-ui-dist"
# What is served, and the licences of it and of what was built into it; by their names in the
# package.
PACKED = {"swagger-ui-bundle.js": "swagger-ui.js.gz", "swagger-ui.css": "swagger-ui.css.gz"}
COPIED = {"LICENSE": "LICENSE.txt", "swagger-ui-bundle.js.LICENSE.txt": "NOTICE.txt"}


def fetched(version: str, folder: Path) -> Path:
    """The archive of the package, as npm verified it."""
    command = ["npm", "pack", f"{PACKAGE}@{version}", "--pack-destination", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    [archive] = folder.glob("*.tgz")
    return archive


def write(version: str, archive: Path) -> None:
    with tarfile.open(archive) as package:
        files = {name: _member(package, name) for name in (*PACKED, *COPIED)}
    for name, packed in PACKED.items():
        (FOLDER / packed).write_bytes(gzip.compress(files[name], 9, mtime=0))
    for name, copied in COPIED.items():
        (FOLDER / copied).write_bytes(files[name])
    source = {
        "package": PACKAGE,
        "version": version,
        "sha512": hashlib.sha512(archive.read_bytes()).hexdigest(),
        "files": {
            here: {"sha256": hashlib.sha256(files[name]).hexdigest(), "bytes": len(files[name])}
            for name, here in (PACKED | COPIED).items()
        },
    }
    SOURCE.write_text(json.dumps(source, indent=2) + "\n", encoding="ascii")


def _member(package: tarfile.TarFile, name: str) -> bytes:
    member = package.extractfile(f"package/{name}")
    if member is None:
        raise SystemExit(f"{PACKAGE} has no {name} any more.")
    return member.read()


def changed() -> list[str]:
    """The files that are not those of SOURCE."""
    files = json.loads(SOURCE.read_text(encoding="ascii"))["files"]
    return [name for name, known in files.items() if _sha256(FOLDER / name) != known["sha256"]]


def _sha256(path: Path) -> str:
    body = path.read_bytes() if path.exists() else b""
    return hashlib.sha256(gzip.decompress(body) if path.suffix == ".gz" else body).hexdigest()


def main(arguments: list[str]) -> int:
    if arguments:
        with tempfile.TemporaryDirectory() as scratch:
            write(arguments[0], fetched(arguments[0], Path(scratch)))
    if stale := changed():
        print(f"Not what {SOURCE.name} says: {', '.join(stale)}.", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
