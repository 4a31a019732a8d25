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

std::string_view optional_path_in(const tlite_text& path, const char* name) {
  const std::string_view view = text_in(path, name);
  if (view.find('\0') != std::string_view::npos) {
    throw_invalid(std::string(name) + " has a NUL inside");
  }
  return view;
}

std::string_view path_in(const char* data, std::size_t size, const char* name) {
  const std::string_view path = optional_path_in({data, size}, name);
  if (path.empty()) throw_invalid(std::string(name) + " is empty");
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

// The name tells whether it is one of the set, here and in kv_type_in: a member that the C++ API
// learns is taken without a change.
WeightMix weight_mix_in(tlite_weight_mix mix, const char* name) {
  if (to_string(static_cast<WeightMix>(mix)) == "unknown") {
    throw_invalid(std::string(name) + " is " + std::to_string(mix) + ", not a tlite_weight_mix");
  }
  return static_cast<WeightMix>(mix);
}

std::optional<DataType> kv_type_in(tlite_data_type type) {
  if (type == TLITE_DATA_TYPE_AUTO) return std::nullopt;
  if (to_string(static_cast<DataType>(type)) == "unknown") {
    throw_invalid("kv_type is " + std::to_string(type) + ", not a tlite_data_type");
  }
  return static_cast<DataType>(type);
}

}  // namespace tlite::capi
