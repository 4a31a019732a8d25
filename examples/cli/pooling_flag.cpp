#include "pooling_flag.hpp"

namespace cli {

void add_pooling_option(CLI::App& command, std::string& pooling) {
  command
      .add_option("--pooling", pooling,
                  "what an embedding is made of: the last token's hidden state, the mean of all, "
                  "or the first token's (cls)")
      ->check(CLI::IsMember({"last", "mean", "cls"}))
      ->capture_default_str();
}

tlite::Pooling parse_pooling(const std::string& name) {
  if (name == "mean") return tlite::Pooling::mean;
  return name == "cls" ? tlite::Pooling::cls : tlite::Pooling::last;
}

}  // namespace cli
