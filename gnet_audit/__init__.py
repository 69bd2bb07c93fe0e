"""Prove, layer by layer, that a PyTorch network is the one in the paper."""
