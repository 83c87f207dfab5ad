"""Sends mutated messages through the conversion: ``python -m fuzz``.

``messages`` makes good ones, ``mutations`` spoils them, ``oracle`` says what each
of them means, and ``trial`` holds the conversion against it.
"""
