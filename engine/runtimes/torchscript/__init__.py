"""Models saved by ``torch.jit.save``, executed by PyTorch."""
