"""Check what is in the wheel: every package with its data, and nothing else at its top level."""

import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = {"orchestra_core", *(path.name for path in (ROOT / "plugins").glob("orchestra_*"))}
# Data that imports do not show: a wheel without them installs and fails at the first use.
DATA = (".pyi", ".safetensors", ".json", ".html", ".css", ".toml", ".jinja", "py.typed")


def main(wheel: str) -> None:
    """Exit with what is wrong, or say how many files there are."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")}
    top = {name.split("/")[0] for name in names}
    wrong = sorted(part for part in top if part not in PACKAGES and not part.endswith(".dist-info"))
    missing = (
        sorted(PACKAGES - top) + sorted(sources() - names) + [f"{p}/py.typed" for p in PACKAGES if f"{p}/py.typed" not in names]
    )
    for what, found in (("holds at its top level", wrong), ("misses", missing)):
        if found:
            sys.exit(f"{wheel} {what}: {', '.join(found)}")
    sys.stdout.write(f"{Path(wheel).name}: {len(names)} files, packages {', '.join(sorted(PACKAGES))}\n")


def sources() -> set[str]:
    """Return the modules and data files of the packages, as the wheel has to name them."""
    folders = [ROOT, ROOT / "plugins"]
    found = (
        (path, folder) for folder in folders for package in PACKAGES for path in (folder / package).rglob("*") if path.is_file()
    )
    return {path.relative_to(folder).as_posix() for path, folder in found if path.suffix == ".py" or path.name.endswith(DATA)}


if __name__ == "__main__":
    main(sys.argv[1])
