"""The page on services says what is true."""

from __future__ import annotations

from pathlib import Path

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "write-a-service.md"


def test_the_code_of_the_page_runs() -> None:
    """Every block in turn, with its assertions; a warning would be an error."""
    document = Sybil(parsers=[PythonCodeBlockParser()]).parse(PAGE)
    examples = list(document.examples())

    for example in examples:
        example.evaluate()

    assert len(examples) == 6
