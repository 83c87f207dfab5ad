"""Plate crops out of camera frames, and readings back onto them; knows no ROS."""
