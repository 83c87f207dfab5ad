"""The characters a network can write.

The 68 classes and their order are the output contract of every published
LPRNet (LPRNet_Pytorch, data/load_data.py; the same list stands in the board's
demo).  Which strings of them are plates says ``syntax.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

PROVINCES = "京沪津渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新"
"""The 31 province-level abbreviations, in class order (Hong Kong, Macau and
Taiwan issue plates of their own that this alphabet does not hold)."""

DIGITS = "0123456789"

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""The letters of a serial: GA 36 leaves out I and O, which look like 1 and 0."""

NEW_ENERGY_LETTERS = "ABCDEFGHJK"
"""Letters that mark a new-energy vehicle: D, A, B, C, E battery electric,
F, G, H, J, K everything else."""

UNREADABLE = "I"
"""What a network trained here writes for something that it cannot name: a character that the crop's
edge cuts, that is covered, or that has no class.  The class exists, and no plate bears this letter."""


@dataclass(frozen=True)
class Alphabet:
    """The classes of a network, in output order.

    Attributes:
        characters: one character a class, all different; class ``i`` of the
            logits is ``characters[i]``.
        blank: index of the class that CTC drops.

    Raises:
        ValueError: a class is not exactly one character, stands twice, or the
            blank lies outside the classes.
    """

    characters: tuple[str, ...]
    blank: int

    def __post_init__(self) -> None:
        """Check that the classes form an alphabet."""
        if any(len(character) != 1 for character in self.characters):
            raise ValueError("every class of an alphabet is exactly one character")
        if len(set(self.characters)) != len(self.characters):
            repeated = sorted({c for c in self.characters if self.characters.count(c) > 1})
            raise ValueError(f"the alphabet holds {''.join(repeated)!r} more than once")
        if not 0 <= self.blank < len(self.characters):
            raise ValueError(f"the blank is class {self.blank}, but there are {len(self.characters)} classes")

    @classmethod
    def of_text(cls, characters: str, blank: str) -> Alphabet:
        """Make an alphabet of all characters in a row, of which one is the blank."""
        if len(blank) != 1 or blank not in characters:
            raise ValueError(f"blank is {blank!r}, expected one character of the alphabet")
        return cls(tuple(characters), blank=characters.index(blank))

    def __len__(self) -> int:
        """Return the number of classes, the blank included."""
        return len(self.characters)

    def encode(self, text: str) -> list[int]:
        """Turn text into class indices.

        Args:
            text: characters of this alphabet; the blank is none of them.

        Returns:
            One class index a character.

        Raises:
            ValueError: a character is not in the alphabet; the message names it.
        """
        indices = []
        for character in text:
            if character not in self.characters or character == self.characters[self.blank]:
                raise ValueError(f"{character!r} (in {text!r}) is not in the model's alphabet")
            indices.append(self.characters.index(character))
        return indices


CHINESE_PLATES = Alphabet(characters=tuple(PROVINCES + DIGITS + LETTERS + "IO-"), blank=67)
"""The 68 classes of LPRNet for Chinese plates; the last, ``-``, is the blank."""
