"""A model file cannot be had: by itself, since every command names this error and few load HTTP."""


class DownloadError(RuntimeError):
    """A file could not be had, or is not the one that was asked for; the message says why."""
