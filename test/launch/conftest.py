"""Tests with the real launch; every module skips itself where that is absent."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for stand_ins
