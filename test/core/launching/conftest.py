"""What the tests of the launch's plan share."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for launch_requests
