"""Which vehicles were seen? A file that lasts."""
