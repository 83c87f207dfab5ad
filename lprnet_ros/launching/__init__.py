"""What ``lpr.launch.py`` starts, and how its parts are wired; ``nodes/launching.py`` hands it to ROS."""
