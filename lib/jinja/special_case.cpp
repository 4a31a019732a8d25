#include "jinja/special_case.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace tlite::jinja {
namespace {

struct SpecialCase {
  std::uint32_t code;
  const char8_t* upper;  // empty: the simple mapping holds
  const char8_t* title;
};

// Made from Python's str.upper and str.title over all code points.
constexpr SpecialCase kSpecialCases[] = {
    {0x00DF, u8"\u0053\u0053", u8"\u0053\u0073"},
    {0x0130, u8"", u8"\u0130"},
    {0x0149, u8"\u02BC\u004E", u8"\u02BC\u004E"},
    {0x01F0, u8"\u004A\u030C", u8"\u004A\u030C"},
    {0x0390, u8"\u0399\u0308\u0301", u8"\u0399\u0308\u0301"},
    {0x03B0, u8"\u03A5\u0308\u0301", u8"\u03A5\u0308\u0301"},
    {0x0587, u8"\u0535\u0552", u8"\u0535\u0582"},
    {0x1E96, u8"\u0048\u0331", u8"\u0048\u0331"},
    {0x1E97, u8"\u0054\u0308", u8"\u0054\u0308"},
    {0x1E98, u8"\u0057\u030A", u8"\u0057\u030A"},
    {0x1E99, u8"\u0059\u030A", u8"\u0059\u030A"},
    {0x1E9A, u8"\u0041\u02BE", u8"\u0041\u02BE"},
    {0x1F50, u8"\u03A5\u0313", u8"\u03A5\u0313"},
    {0x1F52, u8"\u03A5\u0313\u0300", u8"\u03A5\u0313\u0300"},
    {0x1F54, u8"\u03A5\u0313\u0301", u8"\u03A5\u0313\u0301"},
    {0x1F56, u8"\u03A5\u0313\u0342", u8"\u03A5\u0313\u0342"},
    {0x1F80, u8"\u1F08\u0399", u8"\u1F88"},
    {0x1F81, u8"\u1F09\u0399", u8"\u1F89"},
    {0x1F82, u8"\u1F0A\u0399", u8"\u1F8A"},
    {0x1F83, u8"\u1F0B\u0399", u8"\u1F8B"},
    {0x1F84, u8"\u1F0C\u0399", u8"\u1F8C"},
    {0x1F85, u8"\u1F0D\u0399", u8"\u1F8D"},
    {0x1F86, u8"\u1F0E\u0399", u8"\u1F8E"},
    {0x1F87, u8"\u1F0F\u0399", u8"\u1F8F"},
    {0x1F88, u8"\u1F08\u0399", u8"\u1F88"},
    {0x1F89, u8"\u1F09\u0399", u8"\u1F89"},
    {0x1F8A, u8"\u1F0A\u0399", u8"\u1F8A"},
    {0x1F8B, u8"\u1F0B\u0399", u8"\u1F8B"},
    {0x1F8C, u8"\u1F0C\u0399", u8"\u1F8C"},
    {0x1F8D, u8"\u1F0D\u0399", u8"\u1F8D"},
    {0x1F8E, u8"\u1F0E\u0399", u8"\u1F8E"},
    {0x1F8F, u8"\u1F0F\u0399", u8"\u1F8F"},
    {0x1F90, u8"\u1F28\u0399", u8"\u1F98"},
    {0x1F91, u8"\u1F29\u0399", u8"\u1F99"},
    {0x1F92, u8"\u1F2A\u0399", u8"\u1F9A"},
    {0x1F93, u8"\u1F2B\u0399", u8"\u1F9B"},
    {0x1F94, u8"\u1F2C\u0399", u8"\u1F9C"},
    {0x1F95, u8"\u1F2D\u0399", u8"\u1F9D"},
    {0x1F96, u8"\u1F2E\u0399", u8"\u1F9E"},
    {0x1F97, u8"\u1F2F\u0399", u8"\u1F9F"},
    {0x1F98, u8"\u1F28\u0399", u8"\u1F98"},
    {0x1F99, u8"\u1F29\u0399", u8"\u1F99"},
    {0x1F9A, u8"\u1F2A\u0399", u8"\u1F9A"},
    {0x1F9B, u8"\u1F2B\u0399", u8"\u1F9B"},
    {0x1F9C, u8"\u1F2C\u0399", u8"\u1F9C"},
    {0x1F9D, u8"\u1F2D\u0399", u8"\u1F9D"},
    {0x1F9E, u8"\u1F2E\u0399", u8"\u1F9E"},
    {0x1F9F, u8"\u1F2F\u0399", u8"\u1F9F"},
    {0x1FA0, u8"\u1F68\u0399", u8"\u1FA8"},
    {0x1FA1, u8"\u1F69\u0399", u8"\u1FA9"},
    {0x1FA2, u8"\u1F6A\u0399", u8"\u1FAA"},
    {0x1FA3, u8"\u1F6B\u0399", u8"\u1FAB"},
    {0x1FA4, u8"\u1F6C\u0399", u8"\u1FAC"},
    {0x1FA5, u8"\u1F6D\u0399", u8"\u1FAD"},
    {0x1FA6, u8"\u1F6E\u0399", u8"\u1FAE"},
    {0x1FA7, u8"\u1F6F\u0399", u8"\u1FAF"},
    {0x1FA8, u8"\u1F68\u0399", u8"\u1FA8"},
    {0x1FA9, u8"\u1F69\u0399", u8"\u1FA9"},
    {0x1FAA, u8"\u1F6A\u0399", u8"\u1FAA"},
    {0x1FAB, u8"\u1F6B\u0399", u8"\u1FAB"},
    {0x1FAC, u8"\u1F6C\u0399", u8"\u1FAC"},
    {0x1FAD, u8"\u1F6D\u0399", u8"\u1FAD"},
    {0x1FAE, u8"\u1F6E\u0399", u8"\u1FAE"},
    {0x1FAF, u8"\u1F6F\u0399", u8"\u1FAF"},
    {0x1FB2, u8"\u1FBA\u0399", u8"\u1FBA\u0345"},
    {0x1FB3, u8"\u0391\u0399", u8"\u1FBC"},
    {0x1FB4, u8"\u0386\u0399", u8"\u0386\u0345"},
    {0x1FB6, u8"\u0391\u0342", u8"\u0391\u0342"},
    {0x1FB7, u8"\u0391\u0342\u0399", u8"\u0391\u0342\u0345"},
    {0x1FBC, u8"\u0391\u0399", u8"\u1FBC"},
    {0x1FC2, u8"\u1FCA\u0399", u8"\u1FCA\u0345"},
    {0x1FC3, u8"\u0397\u0399", u8"\u1FCC"},
    {0x1FC4, u8"\u0389\u0399", u8"\u0389\u0345"},
    {0x1FC6, u8"\u0397\u0342", u8"\u0397\u0342"},
    {0x1FC7, u8"\u0397\u0342\u0399", u8"\u0397\u0342\u0345"},
    {0x1FCC, u8"\u0397\u0399", u8"\u1FCC"},
    {0x1FD2, u8"\u0399\u0308\u0300", u8"\u0399\u0308\u0300"},
    {0x1FD3, u8"\u0399\u0308\u0301", u8"\u0399\u0308\u0301"},
    {0x1FD6, u8"\u0399\u0342", u8"\u0399\u0342"},
    {0x1FD7, u8"\u0399\u0308\u0342", u8"\u0399\u0308\u0342"},
    {0x1FE2, u8"\u03A5\u0308\u0300", u8"\u03A5\u0308\u0300"},
    {0x1FE3, u8"\u03A5\u0308\u0301", u8"\u03A5\u0308\u0301"},
    {0x1FE4, u8"\u03A1\u0313", u8"\u03A1\u0313"},
    {0x1FE6, u8"\u03A5\u0342", u8"\u03A5\u0342"},
    {0x1FE7, u8"\u03A5\u0308\u0342", u8"\u03A5\u0308\u0342"},
    {0x1FF2, u8"\u1FFA\u0399", u8"\u1FFA\u0345"},
    {0x1FF3, u8"\u03A9\u0399", u8"\u1FFC"},
    {0x1FF4, u8"\u038F\u0399", u8"\u038F\u0345"},
    {0x1FF6, u8"\u03A9\u0342", u8"\u03A9\u0342"},
    {0x1FF7, u8"\u03A9\u0342\u0399", u8"\u03A9\u0342\u0345"},
    {0x1FFC, u8"\u03A9\u0399", u8"\u1FFC"},
    {0xFB00, u8"\u0046\u0046", u8"\u0046\u0066"},
    {0xFB01, u8"\u0046\u0049", u8"\u0046\u0069"},
    {0xFB02, u8"\u0046\u004C", u8"\u0046\u006C"},
    {0xFB03, u8"\u0046\u0046\u0049", u8"\u0046\u0066\u0069"},
    {0xFB04, u8"\u0046\u0046\u004C", u8"\u0046\u0066\u006C"},
    {0xFB05, u8"\u0053\u0054", u8"\u0053\u0074"},
    {0xFB06, u8"\u0053\u0054", u8"\u0053\u0074"},
    {0xFB13, u8"\u0544\u0546", u8"\u0544\u0576"},
    {0xFB14, u8"\u0544\u0535", u8"\u0544\u0565"},
    {0xFB15, u8"\u0544\u053B", u8"\u0544\u056B"},
    {0xFB16, u8"\u054E\u0546", u8"\u054E\u0576"},
    {0xFB17, u8"\u0544\u053D", u8"\u0544\u056D"},
};

std::string_view as_chars(const char8_t* text) noexcept {
  return reinterpret_cast<const char*>(text);
}

}  // namespace

std::string_view special_case(std::uint32_t code, Case which) noexcept {
  constexpr std::uint32_t kDottedCapitalI = 0x130;
  if (which == Case::lower) return code == kDottedCapitalI ? as_chars(u8"i\u0307") : "";
  const auto* const found = std::lower_bound(
      std::begin(kSpecialCases), std::end(kSpecialCases), code,
      [](const SpecialCase& entry, std::uint32_t value) { return entry.code < value; });
  if (found == std::end(kSpecialCases) || found->code != code) return {};
  return as_chars(which == Case::upper ? found->upper : found->title);
}

}  // namespace tlite::jinja
