"""Which parameters the nodes have, and how they are declared and read."""
