// Sums of the squared inputs of each matrix: what importance matrices are made of.
#pragma once

#include "format/imatrix_writer.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <tlite/batch.hpp>
#include <tlite/model_config.hpp>

namespace tlite {

// The matrices of the layers. Embedding and output are left out, as llama.cpp leaves them out: an
// embedding has no inputs, and output matrices were found to be better without.
class ImportanceCollector {
 public:
  explicit ImportanceCollector(const ModelConfig& config);

  // Throws corrupt for an input that is not finite.
  void add(const MatrixInput& input);

  // The sums, which are then gone.
  std::vector<SquareSums> take();

 private:
  std::map<std::string, SquareSums, std::less<>> sums_;  // by Hugging Face's name
};

}  // namespace tlite
