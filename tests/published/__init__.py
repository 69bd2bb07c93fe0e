"""The published variants as people port them to PyTorch: written from what is published of them, from nothing of ours."""
