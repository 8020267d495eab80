"""Writes what Vyper makes of our contract beside its source."""

import json
from pathlib import Path

import vyper

import app.adapters.chain.contracts as ours

FOLDER = Path(ours.__file__).parent
ARTIFACT = FOLDER / "forwarders.json"


def compiled() -> str:
    """Returns the artifact as it should be."""
    source = (FOLDER / "forwarders.vy").read_text()
    made = vyper.compile_code(source, output_formats=["abi", "bytecode"], no_bytecode_metadata=True)
    return json.dumps({"compiler": f"vyper {vyper.__version__}", **made}, indent=1) + "\n"


if __name__ == "__main__":
    ARTIFACT.write_text(compiled())
