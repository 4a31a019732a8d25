#include "url.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <openai/json_fields.hpp>

namespace server {

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const char* const digits = text.data() + i + 1;
    const bool is_coded = text[i] == '%' && i + 2 < text.size() &&
                          std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
    out += is_coded ? static_cast<char>(byte) : text[i];
    if (is_coded) i += 2;
  }
  return out;
}

Query parse_query(std::string_view text, std::initializer_list<std::string_view> known) {
  Query query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string name = percent_decoded(pair.substr(0, equals));
    const std::string value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())));
    if (std::ranges::find(known, name) == known.end()) {
      openai::not_supported(name, "the query parameter " + openai::to_text(name));
    }
    if (!query.emplace(name, value).second) {
      openai::refuse_field(name, value, "there once in the query");
    }
  }
  return query;
}

}  // namespace server
