// Importance matrices as files, in the two formats that imatrix.hpp reads: docs/format-imatrix.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tlite {

// Of one matrix.
struct SquareSums {
  std::string name;             // GGUF's, "blk.0.attn_q.weight"
  std::vector<double> columns;  // sums of squared inputs; f32 would stand still at 2^24 times one
  std::uint64_t rows = 0;       // that were summed up
};

struct ImportanceSums {
  std::vector<SquareSums> matrices;
  std::uint32_t chunk = 0;  // tokens that were run together, not 0
  std::string dataset;      // the text's name; may be empty

  // Of the text, begun ones too.
  std::uint32_t chunks() const noexcept;
};

// The whole file. Sums are within f32.
std::string imatrix_gguf_file(const ImportanceSums& sums);
std::string imatrix_dat_file(const ImportanceSums& sums);

}  // namespace tlite
