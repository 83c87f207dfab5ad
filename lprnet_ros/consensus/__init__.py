"""What the vehicle wore: the readings of one vehicle become one."""
