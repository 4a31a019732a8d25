#include "jinja/json_value.hpp"

#include "base/json_parser.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <new>
#include <vector>

#include <simdjson.h>

#include <tlite/error.hpp>

namespace tlite::jinja {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr int kMaxDepth = 120;            // of 200 that values may have; messages add a few
constexpr std::size_t kMaxDigits = 4300;  // Python's own limit for integers

class Reader {
 public:
  Reader(std::string_view what, bool literal) : what_(what), literal_(literal) {}

  Value read(std::string_view json) {
    // simdjson's own padded_string and string buffer do not tell when there is no memory for them.
    std::string padded(json);
    padded.resize(json.size() + simdjson::SIMDJSON_PADDING);
    unescaped_.resize(padded.size());
    try {
      if (const auto error = make_room(parser_, json.size()); error) {
        throw simdjson::simdjson_error(error);
      }
      ondemand::document document =
          parser_.iterate(simdjson::padded_string_view(padded.data(), json.size(), padded.size()));
      Value value = read_document(document);
      if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
        fail("something follows behind the value");
      }
      return value;
    } catch (const simdjson::simdjson_error& error) {
      if (error.error() == simdjson::MEMALLOC) throw std::bad_alloc();
      fail(simdjson::error_message(error.error()));
    }
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw Error(ErrorCode::invalid_argument,
                std::string(what_) + ": not the JSON that is needed: " + message);
  }

  Value read_document(ondemand::document& document) {
    switch (document.type()) {
      case ondemand::json_type::array:
      case ondemand::json_type::object:
        return read_value(document.get_value(), 1);
      default:
        fail("an object or array is needed");
    }
  }

  Value read_value(ondemand::value value, int depth) {
    if (depth > kMaxDepth) fail("it nests deeper than " + std::to_string(kMaxDepth));
    switch (value.type()) {
      case ondemand::json_type::array:
        return read_array(value.get_array(), depth);
      case ondemand::json_type::object:
        return read_object(value.get_object(), depth);
      case ondemand::json_type::string:
        return text(value.get_raw_json_string());
      case ondemand::json_type::boolean:
        return bool(value.get_bool());
      case ondemand::json_type::null:
        if (!value.is_null()) fail("a word that is not null");
        return None{};
      case ondemand::json_type::number:
        return read_number(value.raw_json_token());
    }
    fail("an unknown kind of value");
  }

  Value text(ondemand::raw_json_string raw) {
    std::uint8_t* end = unescaped_.data();
    const std::string_view bytes = parser_.unescape(raw, end);
    return text_value(Text(std::string(bytes), literal_));
  }

  Value read_array(ondemand::array array, int depth) {
    auto list = std::make_shared<List>();
    for (auto element : array) {
      list->items.push_back(read_value(element.value(), depth + 1));
      list->depth = std::max(list->depth, list->items.back().depth() + 1);
    }
    return std::shared_ptr<const List>(std::move(list));
  }

  Value read_object(ondemand::object object, int depth) {
    auto dict = std::make_shared<Dict>();
    for (auto field : object) {
      Value key = text(field.key());
      dict->set(std::move(key), read_value(field.value().value(), depth + 1));
    }
    return std::shared_ptr<const Dict>(std::move(dict));
  }

  static std::size_t skip_digits(std::string_view text, std::size_t at) {
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at;
  }

  // The token comes unchecked: JSON's grammar is checked here.
  Value read_number(std::string_view token) const {
    token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
    const std::size_t first = token.starts_with('-') ? 1 : 0;
    std::size_t at = skip_digits(token, first);
    bool valid = at > first && (token[first] != '0' || at == first + 1);
    const bool integer = at == token.size();
    if (at < token.size() && token[at] == '.') {
      const std::size_t end = skip_digits(token, at + 1);
      valid = valid && end > at + 1;
      at = end;
    }
    if (at < token.size() && (token[at] | 0x20) == 'e') {
      const std::size_t begin = token.find_first_not_of("+-", at + 1);
      valid = valid && begin != std::string_view::npos && begin <= at + 2;
      const std::size_t end = valid ? skip_digits(token, begin) : at;
      valid = valid && end > begin;
      at = end;
    }
    if (!valid || at != token.size())
      fail("'" + std::string(token.substr(0, 40)) + "' is no number");
    return integer ? integer_value(token) : real_value(token);
  }

  Value integer_value(std::string_view token) const {
    std::int64_t value = 0;
    const auto result = std::from_chars(token.data(), token.data() + token.size(), value);
    if (result.ec == std::errc()) return value;
    if (token.size() > kMaxDigits) fail("an integer of more than 4300 digits");
    return std::make_shared<const BigInteger>(BigInteger{std::string(token)});
  }

  static Value real_value(std::string_view token) {
    double value = 0;
    const auto result = std::from_chars(token.data(), token.data() + token.size(), value);
    return result.ec == std::errc() ? value : beyond_double(token);
  }

  std::string_view what_;
  bool literal_;
  ondemand::parser parser_;
  std::vector<std::uint8_t> unescaped_;  // room for any one string of the document
};

}  // namespace

Value parse_json(std::string_view json, std::string_view what, bool literal) {
  return Reader(what, literal).read(json);
}

}  // namespace tlite::jinja
