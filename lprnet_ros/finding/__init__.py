"""Where in the frame are plates?"""
