// Names of the sets of constants that the C++ API has no names for.
//
// A switch over the C++ enum, and no table: a member without a name does not compile. That the
// constants of tlite.h are these members, each with its name, and that there are no others, is what
// tests/capi/check_description.py asks of the library for all sets; so the casts between the two
// need no assertions. A number of a later version is "unknown" and no error, as no caller can know
// all.
#include <tlite.h>

#include <tlite/beam_search.hpp>
#include <tlite/embedding.hpp>
#include <tlite/generation.hpp>
#include <tlite/host.hpp>
#include <tlite/importance.hpp>

namespace tlite::capi {
namespace {

const char* name_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "unknown";
}

const char* name_of(OverflowPolicy policy) noexcept {
  switch (policy) {
    case OverflowPolicy::stop:
      return "stop";
    case OverflowPolicy::error:
      return "error";
    case OverflowPolicy::drop_oldest:
      return "drop_oldest";
  }
  return "unknown";
}

const char* name_of(Pooling pooling) noexcept {
  switch (pooling) {
    case Pooling::none:
      return "none";
    case Pooling::last:
      return "last";
    case Pooling::mean:
      return "mean";
    case Pooling::cls:
      return "cls";
  }
  return "unknown";
}

const char* name_of(BeamScoring scoring) noexcept {
  switch (scoring) {
    case BeamScoring::huggingface:
      return "huggingface";
    case BeamScoring::vllm:
      return "vllm";
  }
  return "unknown";
}

const char* name_of(BeamStopping stopping) noexcept {
  switch (stopping) {
    case BeamStopping::heuristic:
      return "heuristic";
    case BeamStopping::at_once:
      return "at_once";
    case BeamStopping::never:
      return "never";
  }
  return "unknown";
}

const char* name_of(ImportanceFormat format) noexcept {
  switch (format) {
    case ImportanceFormat::gguf:
      return "gguf";
    case ImportanceFormat::dat:
      return "dat";
  }
  return "unknown";
}

}  // namespace
}  // namespace tlite::capi

using namespace tlite::capi;

const char* tlite_log_level_name(tlite_log_level level) noexcept {
  return name_of(static_cast<tlite::LogLevel>(level));
}

const char* tlite_overflow_policy_name(tlite_overflow_policy policy) noexcept {
  return name_of(static_cast<tlite::OverflowPolicy>(policy));
}

const char* tlite_pooling_name(tlite_pooling pooling) noexcept {
  return name_of(static_cast<tlite::Pooling>(pooling));
}

const char* tlite_beam_scoring_name(tlite_beam_scoring scoring) noexcept {
  return name_of(static_cast<tlite::BeamScoring>(scoring));
}

const char* tlite_beam_stopping_name(tlite_beam_stopping stopping) noexcept {
  return name_of(static_cast<tlite::BeamStopping>(stopping));
}

const char* tlite_importance_format_name(tlite_importance_format format) noexcept {
  return name_of(static_cast<tlite::ImportanceFormat>(format));
}
