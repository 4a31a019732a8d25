// The hidden states of a prompt as they come, and the embedding that they make. A state is added
// once, in the order of positions, in double: the result has the same bits however the prompt was
// cut into batches, and when its request had to give way in the middle.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <tlite/embedding.hpp>

namespace tlite {

class Pooler {
 public:
  // Of a prompt of `tokens` tokens; `pooling` is not none.
  Pooler(Pooling pooling, bool normalize, std::size_t tokens) noexcept;

  // Positions of which a state is wanted: from here on, all that there are. What lies before may
  // come from a cache.
  std::size_t next() const noexcept { return next_; }
  bool wants(std::size_t position) const noexcept { return position >= next_; }
  // Of the position next().
  void add(std::span<const float> state);
  // Once all states are added: as long as they are.
  std::vector<float> embedding() const;

 private:
  bool normalize_;
  std::size_t next_;
  std::size_t count_ = 0;
  std::vector<double> sum_;
};

}  // namespace tlite
