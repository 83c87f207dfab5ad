"""How a network gets onto the BPU: operator check, export, calibration, compiler settings. No PyTorch."""
