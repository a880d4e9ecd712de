"""Programs saved by ``torch.export.save`` (``.pt2``), executed by PyTorch."""
