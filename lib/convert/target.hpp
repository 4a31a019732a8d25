// Files that are written out of a model.
#pragma once

#include "format/weight_source.hpp"

#include <string>

namespace tlite {

// Throws invalid_argument where `target` is a file of the source, which a rename in the end would
// replace.
void check_target(const WeightSource& weights, const std::string& target);

}  // namespace tlite
