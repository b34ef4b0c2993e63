"""What holds for every test of AWS."""

from __future__ import annotations

import tests.aws.patience  # noqa: F401  for what it does
