#include "text/normalizer.hpp"

#include "base/utf8.hpp"

#include <algorithm>

#include <utf8proc.h>

#include <tlite/error.hpp>

namespace tlite::text {
namespace {

using Points = std::vector<utf8proc_int32_t>;

constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);

int combining_class(utf8proc_int32_t point) noexcept {
  return utf8proc_get_property(point)->combining_class;
}

// Appends the canonical decomposition, unsorted.
void decompose(char32_t point, Points& points) {
  utf8proc_int32_t parts[32];  // the longest has 4
  int boundary = UTF8PROC_BOUNDCLASS_START;
  const utf8proc_ssize_t count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(point), parts,
                              static_cast<utf8proc_ssize_t>(std::size(parts)), kOptions, &boundary);
  if (count < 0 || count > static_cast<utf8proc_ssize_t>(std::size(parts))) {
    throw Error(ErrorCode::internal, "utf8proc cannot decompose a code point");
  }
  points.insert(points.end(), parts, parts + count);
}

// Whether a code point that is not active may join the active ones after it. Not if it is a mark,
// or a letter that joins an old mark (since Unicode 16): then utf8proc is newer than the
// reference's NFC, to which it is a code point without properties.
bool may_join(char32_t point) noexcept {
  return point != 0x105D2 && point != 0x105DA &&
         combining_class(static_cast<utf8proc_int32_t>(point)) == 0;
}

// Appends the NFC of a few code points, or of very many: utf8proc sorts marks by insertion, which
// is quadratic in a long run of them, so they are sorted here and only composed there.
void append_nfc(std::string& out, std::string_view text) {
  Points points;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = decode_utf8(text.data() + i);
    i += point.length;
    decompose(point.value, points);
  }
  for (auto i = points.begin(); i != points.end();) {
    const auto starts = [&](utf8proc_int32_t point) { return combining_class(point) == 0; };
    const auto marks = std::find_if_not(i, points.end(), starts);
    const auto end = std::find_if(marks, points.end(), starts);
    std::stable_sort(marks, end, [&](utf8proc_int32_t a, utf8proc_int32_t b) {
      return combining_class(a) < combining_class(b);
    });
    i = end;
  }
  const utf8proc_ssize_t count = utf8proc_normalize_utf32(
      points.data(), static_cast<utf8proc_ssize_t>(points.size()), kOptions);
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    append_utf8(out, static_cast<char32_t>(points[static_cast<std::size_t>(i)]));
  }
}

}  // namespace

std::vector<TextRange> map_ranges(std::span<const TextRange> ranges, std::span<const Edit> edits) {
  std::vector<TextRange> mapped;
  mapped.reserve(ranges.size());
  const auto map = [edits](std::size_t position, bool end) {
    // The first edit that ends after the position.
    const auto edit = std::upper_bound(
        edits.begin(), edits.end(), position,
        [](std::size_t value, const Edit& candidate) { return value < candidate.source.end; });
    if (edit != edits.end() && position > edit->source.begin) {
      return end ? edit->result.end : edit->result.begin;
    }
    if (edit == edits.begin()) return position;
    const Edit& before = *std::prev(edit);
    return before.result.end + (position - before.source.end);
  };
  for (const TextRange& range : ranges) {
    mapped.push_back({map(range.begin, false), map(range.end, true)});
  }
  return mapped;
}

std::string_view repair(std::string_view text, std::string& buffer, std::vector<Edit>& edits) {
  edits.clear();
  if (is_valid_utf8(text)) return text;
  buffer.clear();
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Sequence next = next_utf8(text.substr(i));
    if (next.kind == Utf8Sequence::Kind::valid) {
      buffer.append(text.substr(i, next.length));
    } else {
      const std::size_t at = buffer.size();
      append_utf8(buffer, kReplacement);
      edits.push_back({{i, i + next.length}, {at, buffer.size()}});
    }
    i += next.length;
  }
  return buffer;
}

NfcNormalizer::NfcNormalizer(const CharClasses& classes) : classes_(classes), active_lead_{} {
  for (const CodeRange& range : nfc_active_ranges()) {
    for (char32_t c = range.first; c <= range.last; ++c) {
      std::string bytes;
      append_utf8(bytes, c);
      active_lead_[static_cast<unsigned char>(bytes[0])] = true;
    }
  }
}

// No continuation byte is in `active_lead_`, so decoding begins where a code point does.
// The next code point that NFC may touch, or the end.
std::size_t NfcNormalizer::find_active(std::string_view text, std::size_t from) const noexcept {
  for (std::size_t i = from; i < text.size(); ++i) {
    if (active_lead_[static_cast<unsigned char>(text[i])] &&
        (classes_[decode_utf8(text.data() + i).value] & kNfcActive) != 0) {
      return i;
    }
  }
  return text.size();
}

// What lies between the runs is copied as it is: a code point that is not active neither changes
// nor joins what is behind it unless that is active. Edits are wider than what has changed, which
// moves the borders of literal ranges outwards: more is text, never less.
std::string_view NfcNormalizer::normalize(std::string_view text, std::string& buffer,
                                          std::vector<Edit>& edits) const {
  edits.clear();
  std::size_t active = find_active(text, 0);
  if (active == text.size()) return text;
  buffer.clear();
  std::size_t done = 0;
  while (active < text.size()) {
    // From the code point before, which may join, to the end of the active ones.
    std::size_t begin = active;
    if (active > done) {
      begin = previous_code_point(text, active);
      if (!may_join(decode_utf8(text.data() + begin).value)) begin = active;
    }
    std::size_t end = active;
    while (end < text.size()) {
      const CodePoint point = decode_utf8(text.data() + end);
      if ((classes_[point.value] & kNfcActive) == 0) break;
      end += point.length;
    }
    buffer.append(text.substr(done, begin - done));
    const std::size_t at = buffer.size();
    append_nfc(buffer, text.substr(begin, end - begin));
    edits.push_back({{begin, end}, {at, buffer.size()}});
    done = end;
    active = find_active(text, end);
  }
  buffer.append(text.substr(done));
  return buffer;
}

}  // namespace tlite::text
