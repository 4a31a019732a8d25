// Names of the sets of constants that the C++ API has no names for.
#include <cstddef>
#include <iterator>

#include <tlite.h>

namespace tlite::capi {
namespace {

constexpr const char* kLogLevels[] = {"debug", "info", "warning", "error"};
constexpr const char* kOverflowPolicies[] = {"stop", "error", "drop_oldest"};
constexpr const char* kPoolings[] = {"none", "last", "mean", "cls"};
constexpr const char* kBeamScorings[] = {"huggingface", "vllm"};
constexpr const char* kBeamStoppings[] = {"heuristic", "at_once", "never"};
constexpr const char* kImportanceFormats[] = {"gguf", "dat"};

// The index is the constant, so sets without gaps only. The assertions below compare with a set's
// last member, by name: who adds one changes both. A number of a later version is "unknown" and no
// error, as no caller can know all.
template <std::size_t N>
const char* name_in(const char* const (&names)[N], std::int32_t value) noexcept {
  const bool is_known = value >= 0 && static_cast<std::size_t>(value) < N;
  return is_known ? names[static_cast<std::size_t>(value)] : "unknown";
}

static_assert(std::size(kLogLevels) == TLITE_LOG_ERROR + 1);
static_assert(std::size(kOverflowPolicies) == TLITE_OVERFLOW_DROP_OLDEST + 1);
static_assert(std::size(kPoolings) == TLITE_POOLING_CLS + 1);
static_assert(std::size(kBeamScorings) == TLITE_BEAM_SCORING_VLLM + 1);
static_assert(std::size(kBeamStoppings) == TLITE_BEAM_STOPPING_NEVER + 1);
static_assert(std::size(kImportanceFormats) == TLITE_IMPORTANCE_FORMAT_DAT + 1);

}  // namespace
}  // namespace tlite::capi

using namespace tlite::capi;

const char* tlite_log_level_name(tlite_log_level level) noexcept {
  return name_in(kLogLevels, level);
}

const char* tlite_overflow_policy_name(tlite_overflow_policy policy) noexcept {
  return name_in(kOverflowPolicies, policy);
}

const char* tlite_pooling_name(tlite_pooling pooling) noexcept {
  return name_in(kPoolings, pooling);
}

const char* tlite_beam_scoring_name(tlite_beam_scoring scoring) noexcept {
  return name_in(kBeamScorings, scoring);
}

const char* tlite_beam_stopping_name(tlite_beam_stopping stopping) noexcept {
  return name_in(kBeamStoppings, stopping);
}

const char* tlite_importance_format_name(tlite_importance_format format) noexcept {
  return name_in(kImportanceFormats, format);
}
