// XTC, exclude top choices: of the tokens that reach a threshold all but the least likely go, so
// that the clichés go and what is left still fits. By p-e-w,
// https://github.com/oobabooga/text-generation-webui/pull/6335. Whether it happens at a token is
// the caller's draw.
#pragma once

#include "sample/candidates.hpp"

namespace tlite {

// Of equally likely ones the highest id stays.
void exclude_top_choices(Candidates& candidates, double threshold);

}  // namespace tlite
