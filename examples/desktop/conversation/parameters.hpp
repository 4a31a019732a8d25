// The sampling parameters that the window offers, under the names that the server's page has for
// them. What is not set is left to the model.
#pragma once

#include <QString>
#include <QStringList>
#include <array>
#include <cstddef>
#include <limits>
#include <optional>

#include <tlite/sampling.hpp>

namespace desktop {

struct NumberParameter {
  const char* name;
  double least;
  double most;
  bool least_excluded = false;
  bool whole = false;
};

inline constexpr double kHuge = std::numeric_limits<std::int32_t>::max();

// Seeds up to the largest whole number that JSON's readers keep exactly.
inline constexpr std::array<NumberParameter, 7> kNumberParameters{{
    {"temperature", 0, 10},
    {"top_p", 0, 1, true},
    {"top_k", 0, kHuge, false, true},
    {"min_p", 0, 1},
    {"repetition_penalty", 0, 10, true},
    {"max_tokens", 1, kHuge, false, true},
    {"seed", 0, 9007199254740991.0, false, true},
}};

enum class Thinking { by_model, on, off };

inline constexpr int kMostAlternatives = 20;

struct Parameters {
  std::array<std::optional<double>, kNumberParameters.size()> numbers;
  QStringList stop;
  Thinking thinking = Thinking::by_model;
  int alternatives = 5;  // shown beside each token of an answer; 0: no probabilities are asked for

  bool operator==(const Parameters&) const = default;
};

bool accepts(const NumberParameter& parameter, double value);

// The number that a user wrote, with a point or, as Russians do, a comma. Nothing: it is none, or
// out of range.
std::optional<double> parse_number(const QString& text, const NumberParameter& parameter);
QString write_number(double value);

// One stop string a line; \n and \t within it, and \\ for a backslash.
QStringList parse_stop(const QString& text);
QString write_stop(const QStringList& stop);

// `base`, the model's own, with what is set in its place.
tlite::SamplingParams sampling_of(const Parameters& parameters, tlite::SamplingParams base);

}  // namespace desktop
