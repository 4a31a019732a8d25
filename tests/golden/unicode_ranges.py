"""Writes lib/text/unicode_ranges.cpp: the character classes that `tokenizers` works with.

The reference carries several Unicode versions at once (Oniguruma's for patterns, an old one for
NFC, the regex crate's for \\w). Instead of trusting version numbers, every code point is put to the
reference itself; what it answers is written down as ranges.

    python tests/golden/unicode_ranges.py lib/text/unicode_ranges.cpp
"""

import sys
import unicodedata

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
BATCH = 4096


def matching(pattern: str) -> set[int]:
    """Code points that the reference's pattern engine matches."""
    split = pre_tokenizers.Split(Regex(pattern), "removed")
    found: set[int] = set()
    for start in range(0, len(CODE_POINTS), BATCH):
        batch = CODE_POINTS[start : start + BATCH]
        kept: set[int] = set()
        for piece, _ in split.pre_tokenize_str("".join(map(chr, batch))):
            kept.update(map(ord, piece))
        found.update(c for c in batch if c not in kept)
    return found


def word_characters() -> set[int]:
    """Code points before which an added token with single_word does not match."""
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.add_tokens([AddedToken("X", single_word=True, normalized=False)])
    found: set[int] = set()
    for start in range(0, len(CODE_POINTS), BATCH):
        batch = [c for c in CODE_POINTS[start : start + BATCH] if c != ord("X")]
        encodings = tokenizer.encode_batch([chr(c) + "X" for c in batch])
        found.update(c for c, e in zip(batch, encodings, strict=True) if 1 not in e.ids)
    return found | {ord("X")}


def nfc_active() -> set[int]:
    """Code points that NFC may move, change or join to what stands before them.

    Candidates come from Python's tables; the reference confirms each, because its tables are of
    another version. Everything else is a boundary: NFC works on both sides of it independently.
    """
    nfc = normalizers.NFC().normalize_str
    pairs: dict[int, str] = {}
    for c in CODE_POINTS:
        parts = unicodedata.decomposition(chr(c)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            pairs.setdefault(int(parts[1], 16), chr(int(parts[0], 16)) + chr(int(parts[1], 16)))
    active: set[int] = set()
    for c in CODE_POINTS:
        text = chr(c)
        # Marks of class 240 and 1 change places unless a starter stands between them.
        moves = nfc("a\u0345" + text + "\u0334")[1] != "\u0345"
        joins = c in pairs and nfc(pairs[c]) != pairs[c]
        if moves or joins or nfc(text) != text:
            active.add(c)
    active |= set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))  # Hangul vowels and finals
    return active


def ranges(code_points: set[int]) -> list[tuple[int, int]]:
    """Runs of code points."""
    out: list[tuple[int, int]] = []
    for c in sorted(code_points):
        if out and out[-1][1] == c - 1:
            out[-1] = (out[-1][0], c)
        else:
            out.append((c, c))
    return out


def array(name: str, code_points: set[int]) -> str:
    """The ranges as a C++ array."""
    items = ranges(code_points)
    lines = []
    line = "   "
    for first, last in items:
        item = f" {{0x{first:X}, 0x{last:X}}},"
        if len(line) + len(item) > 100:
            lines.append(line)
            line = "   "
        line += item
    lines.append(line)
    return f"constexpr CodeRange {name}[] = {{\n" + "\n".join(lines) + "\n};\n"


def main() -> None:
    """Writes the file."""
    space = matching(r"\s")
    assert space == {c for c in CODE_POINTS if chr(c).isspace()} - set(range(0x1C, 0x20))
    body = "\n".join(
        [
            array("kLetterRanges", matching(r"\p{L}")),
            array("kNumberRanges", matching(r"\p{N}")),
            array("kSpaceRanges", space),
            array("kWordRanges", word_characters()),
            array("kNfcActiveRanges", nfc_active()),
        ]
    )
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write(
            "// Character classes as the reference sees them. Written by "
            "tests/golden/unicode_ranges.py from\n"
            f"// tokenizers {tokenizers.__version__}; do not edit.\n"
            '#include "text/unicode.hpp"\n\n'
            "namespace tlite::text {\nnamespace {\n\n// clang-format off\n"
            f"{body}"
            "// clang-format on\n\n}  // namespace\n\n"
            "std::span<const CodeRange> letter_ranges() noexcept { return kLetterRanges; }\n"
            "std::span<const CodeRange> number_ranges() noexcept { return kNumberRanges; }\n"
            "std::span<const CodeRange> space_ranges() noexcept { return kSpaceRanges; }\n"
            "std::span<const CodeRange> word_ranges() noexcept { return kWordRanges; }\n"
            "std::span<const CodeRange> nfc_active_ranges() noexcept { return kNfcActiveRanges; }"
            "\n\n"
            "}  // namespace tlite::text\n"
        )


if __name__ == "__main__":
    main()
