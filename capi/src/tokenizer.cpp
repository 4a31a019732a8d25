// Texts to ids and back. Everything about tokens is left to tlite::Tokenizer; a decoder, which
// changes with each id, is an object of one thread at a time.
#include "tokenizer.hpp"

#include "arguments.hpp"
#include "host.hpp"
#include "strings.hpp"
#include "structs.hpp"

#include <string>
#include <vector>

struct tlite_stream_decoder {
  tlite::StreamDecoder value;
  // What the C++ decoder gives is a view, which promises no NUL.
  std::string text;  // of the last call, NUL behind it
};

namespace tlite::capi {
namespace {

constexpr tlite_encode_options kEncodeDefaults = {
    sizeof(tlite_encode_options), 1, nullptr, 0, 1, 0};
constexpr tlite_decode_options kDecodeDefaults = {sizeof(tlite_decode_options), 0};

DecodeOptions decode_options_in(const tlite_decode_options* options) {
  return {.skip_special = read_struct(options, kDecodeDefaults).skip_special != 0};
}

// Sorted and inside the text, as the C++ API asks of its callers.
std::vector<TextRange> ranges_in(const tlite_encode_options& options, std::size_t text_size) {
  std::vector<TextRange> ranges;
  std::size_t end = 0;
  for (const tlite_text_range& range :
       list_in(options.literal_ranges, options.literal_range_count, "literal_ranges")) {
    if (range.begin < end || range.end < range.begin || range.end > text_size) {
      throw_invalid("literal_ranges[" + std::to_string(ranges.size()) + "] is [" +
                    std::to_string(range.begin) + ", " + std::to_string(range.end) +
                    "), out of order or beyond the text of " + std::to_string(text_size) +
                    " bytes");
    }
    end = range.end;
    ranges.push_back({range.begin, range.end});
  }
  return ranges;
}

std::int32_t id_out(const std::optional<TokenId>& id) noexcept { return id.value_or(TLITE_UNSET); }

}  // namespace
}  // namespace tlite::capi

using namespace tlite::capi;

tlite_status tlite_encode_options_init(tlite_encode_options* options, size_t struct_size) noexcept {
  return init_struct(options, struct_size, kEncodeDefaults);
}

tlite_status tlite_decode_options_init(tlite_decode_options* options, size_t struct_size) noexcept {
  return init_struct(options, struct_size, kDecodeDefaults);
}

tlite_status tlite_tokenizer_load(const tlite_host* host, const char* path, size_t path_size,
                                  tlite_tokenizer** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = new tlite_tokenizer{tlite::Tokenizer::load(path_in(path, path_size), host_of(host))};
  });
}

void tlite_tokenizer_free(tlite_tokenizer* tokenizer) noexcept { delete tokenizer; }

tlite_status tlite_tokenizer_encode(const tlite_tokenizer* tokenizer, const char* text,
                                    size_t text_size, const tlite_encode_options* options,
                                    tlite_tokens** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const tlite::Tokenizer& self = required(tokenizer, "tokenizer").value;
    const std::string_view view = text_in(text, text_size, "text");
    const tlite_encode_options given = read_struct(options, kEncodeDefaults);
    require_zero(given.reserved, "encode_options.reserved");
    const std::vector<tlite::TextRange> literal = ranges_in(given, view.size());
    *out = new tlite_tokens{self.encode(view, {.parse_special = given.parse_special != 0,
                                               .add_special = given.add_special != 0,
                                               .literal_ranges = literal})};
  });
}

tlite_status tlite_tokenizer_decode(const tlite_tokenizer* tokenizer, const int32_t* ids,
                                    size_t id_count, const tlite_decode_options* options,
                                    tlite_string** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const tlite::Tokenizer& self = required(tokenizer, "tokenizer").value;
    *out = new tlite_string{self.decode(list_in(ids, id_count, "ids"), decode_options_in(options))};
  });
}

tlite_status tlite_tokenizer_get_token_bytes(const tlite_tokenizer* tokenizer, int32_t id,
                                             tlite_string** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = new tlite_string{required(tokenizer, "tokenizer").value.token_bytes(id)};
  });
}

tlite_status tlite_tokenizer_get_token_id(const tlite_tokenizer* tokenizer, const char* token,
                                          size_t token_size, int32_t* out,
                                          tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const std::string_view view = text_in(token, token_size, "token");
    const std::optional<tlite::TokenId> id = required(tokenizer, "tokenizer").value.token_id(view);
    if (!id) {
      throw tlite::Error(tlite::ErrorCode::not_found,
                         "the vocabulary has no token '" + std::string(view) + "'");
    }
    *out = *id;
  });
}

int32_t tlite_tokenizer_is_special(const tlite_tokenizer* tokenizer, int32_t id) noexcept {
  return tokenizer != nullptr && tokenizer->value.is_special(id) ? 1 : 0;
}

int32_t tlite_tokenizer_vocab_size(const tlite_tokenizer* tokenizer) noexcept {
  return tokenizer == nullptr ? 0 : static_cast<std::int32_t>(tokenizer->value.vocabulary_size());
}

int32_t tlite_tokenizer_bos_token(const tlite_tokenizer* tokenizer) noexcept {
  return tokenizer == nullptr ? TLITE_UNSET : id_out(tokenizer->value.bos_token());
}

int32_t tlite_tokenizer_eos_token(const tlite_tokenizer* tokenizer) noexcept {
  return tokenizer == nullptr ? TLITE_UNSET : id_out(tokenizer->value.eos_token());
}

int32_t tlite_tokenizer_pad_token(const tlite_tokenizer* tokenizer) noexcept {
  return tokenizer == nullptr ? TLITE_UNSET : id_out(tokenizer->value.pad_token());
}

tlite_status tlite_stream_decoder_create(const tlite_tokenizer* tokenizer,
                                         const tlite_decode_options* options,
                                         tlite_stream_decoder** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const tlite::Tokenizer& self = required(tokenizer, "tokenizer").value;
    *out = new tlite_stream_decoder{tlite::StreamDecoder(self, decode_options_in(options)), {}};
  });
}

void tlite_stream_decoder_free(tlite_stream_decoder* decoder) noexcept { delete decoder; }

tlite_status tlite_stream_decoder_push(tlite_stream_decoder* decoder, int32_t id, tlite_text* out,
                                       tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    tlite_stream_decoder& self = required(decoder, "decoder");
    self.text = self.value.push(id);
    *out = text_out(self.text);
  });
}

tlite_status tlite_stream_decoder_finish(tlite_stream_decoder* decoder, tlite_text* out,
                                         tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    tlite_stream_decoder& self = required(decoder, "decoder");
    self.text = self.value.finish();
    *out = text_out(self.text);
  });
}
