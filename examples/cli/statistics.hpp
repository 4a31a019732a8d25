// Means with their errors, and quantiles.
#pragma once

#include <cstddef>
#include <vector>

namespace cli {

// A mean and its standard error: the standard deviation over the square root of (count - 1).
struct Estimate {
  double mean = 0.0;
  double error = 0.0;
};

Estimate estimate(const std::vector<double>& values);

// Of `sorted`, which is not empty, at a fraction of 0..1, linear between neighbours.
double quantile(const std::vector<double>& sorted, double fraction);

}  // namespace cli
