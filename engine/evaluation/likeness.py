"""What became of the answers of a model: the records, without any numerical library."""

import msgspec


class Compared(msgspec.Struct, frozen=True):
    """What became of the answers on record."""

    identical: bool
    """To the bit."""
    largest: float
    """The largest difference."""
    tolerance: float
    """What it may be."""
    turned: int
    """Examples whose largest output is another one now."""
    rows: int
    same_form: bool = True
    """Whether outputs have the number, shapes and kinds that they had."""

    @property
    def within(self) -> bool:
        """Whether no difference is larger than it may be."""
        return self.same_form and (self.identical or self.largest <= self.tolerance)


class Examined(msgspec.Struct, frozen=True):
    """What the answers of one probe are like."""

    rows: int
    different_inputs: int
    different_outputs: int
    without_number: int
    """Examples that were answered with NaN or infinity."""
