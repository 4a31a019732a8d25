#include "sample/xtc.hpp"

#include <algorithm>
#include <cstddef>

namespace tlite {

void exclude_top_choices(Candidates& candidates, double threshold) {
  const double bound = threshold * candidates.total();
  std::size_t reach = 0;
  std::size_t equal = 0;  // to the least likely of those that reach the bound
  double least = 0;
  for (const double weight : candidates.weights()) {
    if (!(weight >= bound) || weight == 0) continue;
    if (reach == 0 || weight < least) {
      least = weight;
      equal = 0;
    }
    equal += weight == least ? 1U : 0U;
    ++reach;
  }
  if (reach < 2) return;
  candidates.retain([&](double weight) {
    if (weight != least) return weight < least;
    return --equal == 0;
  });
}

}  // namespace tlite
