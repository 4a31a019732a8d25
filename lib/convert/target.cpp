#include "convert/target.hpp"

#include <filesystem>
#include <system_error>

#include <tlite/error.hpp>

namespace tlite {

void check_target(const WeightSource& weights, const std::string& target) {
  for (const StoredTensor& tensor : weights.tensors()) {
    std::error_code ignored;
    if (std::filesystem::equivalent(tensor.file, target, ignored)) {
      throw Error(ErrorCode::invalid_argument, target + ": the target is a file of the source");
    }
  }
}

}  // namespace tlite
