"""The RDK X5 that the package runs on: what it is, how busy and how hot, and its performance settings."""
