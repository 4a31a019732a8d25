// Entropy-based temperature: from temperature - range where the model is sure to temperature +
// range where it knows nothing. By kalomaze; as in llama.cpp's temp_ext, of what the filters left.
#pragma once

#include "sample/candidates.hpp"

namespace tlite {

// The candidates are those of temperature 1. temperature > 0, range > 0, exponent >= 0.
void apply_dynamic_temperature(Candidates& candidates, double temperature, double range,
                               double exponent);

}  // namespace tlite
