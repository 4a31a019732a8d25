#include "arguments.hpp"

#include <cstring>

namespace tlite::capi {
namespace {

constexpr std::int32_t kMostThreads = 256;

}  // namespace

std::string_view text_in(const char* data, std::size_t size, const char* name) {
  if (data == nullptr) {
    if (size == 0 || size == TLITE_NUL) return {};
    throw_invalid(std::string(name) + " is NULL, with a size of " + std::to_string(size));
  }
  if (size == TLITE_NUL) return {data, std::strlen(data)};
  if (size > PTRDIFF_MAX) {
    throw_invalid("the size of " + std::string(name) + " is " + std::to_string(size) +
                  ", more than memory can hold");
  }
  return {data, size};
}

std::string_view path_in(const char* data, std::size_t size) {
  const std::string_view path = text_in(data, size, "path");
  if (path.empty()) throw_invalid("path is empty");
  if (path.find('\0') != std::string_view::npos) throw_invalid("path has a NUL inside");
  return path;
}

std::int32_t threads_in(std::int32_t asked, std::int32_t fallback) {
  if (asked == TLITE_UNSET) return fallback;
  if (asked < 1 || asked > kMostThreads) {
    throw_invalid("threads is " + std::to_string(asked) + "; it takes 1 to " +
                  std::to_string(kMostThreads) + ", or -1 where it is unset");
  }
  return asked;
}

// The name tells whether it is one of the set: a mix that the C++ API learns is taken here without
// a change.
WeightMix weight_mix_in(tlite_weight_mix mix, const char* name) {
  if (to_string(static_cast<WeightMix>(mix)) == "unknown") {
    throw_invalid(std::string(name) + " is " + std::to_string(mix) + ", not a tlite_weight_mix");
  }
  return static_cast<WeightMix>(mix);
}

// The upper bound must follow the set when it grows.
std::optional<DataType> kv_type_in(tlite_data_type type) {
  if (type == TLITE_DATA_TYPE_AUTO) return std::nullopt;
  if (type < TLITE_DATA_TYPE_F32 || type > TLITE_DATA_TYPE_IQ4_XS) {
    throw_invalid("kv_type is " + std::to_string(type) + ", not a tlite_data_type");
  }
  return static_cast<DataType>(type);
}

// The casts between the two sets, here and for what is given out, need equal numbers. The first and
// the last of a row without gaps speak for what is between them.
static_assert(static_cast<int>(DataType::f32) == TLITE_DATA_TYPE_F32);
static_assert(static_cast<int>(DataType::f16) == TLITE_DATA_TYPE_F16);
static_assert(static_cast<int>(DataType::bf16) == TLITE_DATA_TYPE_BF16);
static_assert(static_cast<int>(DataType::q8_0) == TLITE_DATA_TYPE_Q8_0);
static_assert(static_cast<int>(DataType::q4_k) == TLITE_DATA_TYPE_Q4_K);
static_assert(static_cast<int>(DataType::iq4_xs) == TLITE_DATA_TYPE_IQ4_XS);

}  // namespace tlite::capi
