// What a request has to answer: what it answers alone, on an engine that nobody else has used.
#pragma once

#include "soak/plan.hpp"

#include <optional>
#include <string>

#include <tlite/engine.hpp>

namespace tlite::soak {

struct Outcome {
  Generation answer;
  std::optional<Error> error;
};

// To its end, or until it has said `most` tokens.
Outcome alone(const Model& model, const EngineOptions& shared, const Plan& plan,
              std::optional<std::size_t> most = {});

// What is wrong with a request's outcome, to the bit; empty: nothing. One that was ended from
// outside must have said what it says alone up to there, and one that found no memory no more.
std::string compare(const Model& model, const EngineOptions& shared, const Plan& plan,
                    const Outcome& outcome);

}  // namespace tlite::soak
