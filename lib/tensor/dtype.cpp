#include "tensor/dtype.hpp"

namespace tlite {

std::string_view to_string(DataType type) noexcept {
  switch (type) {
    case DataType::f32:
      return "f32";
    case DataType::f16:
      return "f16";
    case DataType::bf16:
      return "bf16";
  }
  return "unknown";
}

}  // namespace tlite
