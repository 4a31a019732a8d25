// The subcommands: each adds its flags to the parser and runs from the parser's callback.
#pragma once

#include <CLI/CLI.hpp>

namespace cli {

void add_info(CLI::App& app);
void add_tokenize(CLI::App& app);
void add_detokenize(CLI::App& app);
void add_template(CLI::App& app);
void add_logits(CLI::App& app);
void add_perplexity(CLI::App& app);
void add_imatrix(CLI::App& app);
void add_quantize(CLI::App& app);
void add_generate(CLI::App& app);
void add_chat(CLI::App& app);
void add_batch(CLI::App& app);
void add_embed(CLI::App& app);
void add_bench(CLI::App& app);

}  // namespace cli
