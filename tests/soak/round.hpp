// Some hundred requests on one engine, with all that can happen to them at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <tlite/engine.hpp>

namespace tlite::soak {

struct Report {
  std::map<std::string, std::size_t> counts;  // of what happened, by its name
  std::vector<std::string> failures;
};

// Adds to `report`. `seed` says what is asked for, though not what threads do with it when.
void run_round(const Model& model, std::uint64_t seed, std::size_t requests, Report& report);

// An engine that goes while requests run and a session on it is in the middle of an answer.
void run_abandoned(const Model& model, std::uint64_t seed, Report& report);

}  // namespace tlite::soak
