"""Which plate does this vehicle have? The readings of one vehicle become one."""
