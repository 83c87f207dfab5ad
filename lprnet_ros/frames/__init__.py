"""Where was this crop? Its place in a frame, and the assignment of readings to frames."""
