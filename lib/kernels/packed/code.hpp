// The range of a format's codes: weight = code - offset (before scaling), code in [0, max].
#pragma once

namespace tlite {

struct CodeRange {
  int offset;
  int max;
};

}  // namespace tlite
