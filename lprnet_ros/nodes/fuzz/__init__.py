"""Sends mutated messages through the conversion: ``python -m lprnet_ros.nodes.fuzz``.

``messages`` makes good ones, ``mutations`` spoils them, ``oracle`` says what each
of them means, and ``trial`` holds the conversion against it.
"""
