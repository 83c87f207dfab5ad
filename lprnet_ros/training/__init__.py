"""Everything that needs PyTorch: network, data and export (install the extra ``training``)."""
