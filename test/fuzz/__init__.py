"""Sends mutated messages through the conversion: ``python test/fuzz``.

``messages`` makes good ones, ``mutations`` spoils them, ``oracle`` says what each
of them means, and ``trial`` compares the conversion with it.
"""
