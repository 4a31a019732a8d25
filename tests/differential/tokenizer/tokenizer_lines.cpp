// Encodes and decodes JSON lines, for comparison with another tokenizer.
//
//   tokenizer_lines MODEL [--plain] < strings.jsonl > ids.jsonl
//
// Each input line is a JSON string; each output line [ids, decoded, decoded without special
// tokens].
// --plain: special tokens are not recognised.
#include <iostream>
#include <string>

#include <simdjson.h>

#include <tlite/tlite.hpp>

namespace {

std::string quoted(const std::string& text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || c == '"' || c == '\\') {
      out += {'\\', 'u', '0', '0', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      out += c;
    }
  }
  return out += '"';
}

int run(int count, char** arguments) {
  const tlite::Tokenizer tokenizer = tlite::Tokenizer::load(arguments[1]);
  const bool plain = count > 2 && std::string(arguments[2]) == "--plain";
  simdjson::dom::parser parser;
  std::string line;
  while (std::getline(std::cin, line)) {
    const std::string_view text = parser.parse(line).get_string();
    const auto ids = tokenizer.encode(text, {.parse_special = !plain});
    std::string out = "[[";
    for (const tlite::TokenId id : ids) out += (out.back() == '[' ? "" : ",") + std::to_string(id);
    out += "]," + quoted(tokenizer.decode(ids)) + "," +
           quoted(tokenizer.decode(ids, {.skip_special = true})) + "]\n";
    std::cout << out;
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::cerr << "usage: tokenizer_lines MODEL [--plain]\n";
    return 2;
  }
  try {
    return run(count, arguments);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
