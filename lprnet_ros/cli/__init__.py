"""The commands, one a file: each ``main`` takes a command line and returns the exit status, 0 or 1."""

from lprnet_ros.text.console import until_started

until_started()
