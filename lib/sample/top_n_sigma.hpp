// Top-n-sigma: keeps what lies within n standard deviations of the largest logit, so that the set
// does not depend on the temperature. Tang et al., Top-nsigma: Not All Logits Are You Need,
// arXiv:2411.07641; as llama.cpp has it, over what is not banned.
#pragma once

#include <span>

namespace tlite {

// `largest` is finite; n > 0.
void keep_top_n_sigma(std::span<float> scores, float largest, double n);

}  // namespace tlite
