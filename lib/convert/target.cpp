#include "convert/target.hpp"

#include <filesystem>
#include <system_error>

#include <tlite/error.hpp>

namespace tlite {

// By what the system says and not by the spelling: links and relative paths lead to the same file.
// A target that is not there yet is the same as nothing, and so is a name that only the host's own
// files know: neither is an error.
void check_target(const WeightSource& weights, const std::string& target) {
  for (const StoredTensor& tensor : weights.tensors()) {
    std::error_code ignored;
    if (std::filesystem::equivalent(tensor.file, target, ignored)) {
      throw Error(ErrorCode::invalid_argument, target + ": the target is a file of the source");
    }
  }
}

}  // namespace tlite
