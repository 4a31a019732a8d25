// A loaded checkpoint: weights, tokenizer, chat template and the model's own defaults.
//
//   tlite::Model model = tlite::Model::load("T-lite-it-1.0");
//   tlite::Session session(model);
//
// A Model is immutable and shared: copies are cheap, any number of threads and sessions may use one
// at once, and it lives as long as the last of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/chat.hpp>
#include <tlite/data_type.hpp>
#include <tlite/evaluator_options.hpp>
#include <tlite/export.hpp>
#include <tlite/host.hpp>
#include <tlite/model_config.hpp>
#include <tlite/sampling.hpp>
#include <tlite/tokenizer.hpp>
#include <tlite/weight_mix.hpp>

namespace tlite {

struct SessionOptions;  // session.hpp

struct ModelInfo {
  std::string path;
  std::string name;    // file or directory name, or the file's own metadata
  std::string format;  // "safetensors" or "gguf"
  ModelConfig config;
  DataType weight_type = DataType::f32;  // of the matrices; norms and biases may differ
  std::uint64_t parameter_count = 0;     // tied embeddings counted once
  std::uint64_t weight_bytes = 0;
  // What ends an answer: the ids of generation_config.json and config.json (of a GGUF file those of
  // its metadata), the tokenizer's eos_token, and the special token that the chat template writes
  // behind an assistant's message.
  std::vector<TokenId> eos_token_ids;
  bool has_chat_template = false;
};

// All of it as a JSON object on one line, numbers and names as above.
TLITE_API std::string to_json(const ModelInfo& info);

// Bytes of memory by class. All but `weights` is what Host::allocator is asked for, to the byte.
struct MemoryPlan {
  std::uint64_t weights = 0;           // mapped from files; the system may drop and re-read
  std::uint64_t weights_resident = 0;  // copied into memory of our own: norms, quantized matrices
  std::uint64_t kv_cache = 0;          // for the given context
  std::uint64_t scratch = 0;           // activations and logits for the given batch
  std::uint64_t total() const noexcept { return weights + weights_resident + kv_cache + scratch; }
};

struct LoadOptions {
  Host host = {};
  LoadProgress progress = {};
  // Look at every weight for NaN and infinity (reads the whole file). Off: only small tensors are
  // looked at, and a NaN in the logits is reported when it appears.
  bool check_weights = false;
  // Quantize the matrices of a model that is not quantized while it is loaded, as quantize() does
  // for a file, without an importance matrix; unset: as stored. The embedding table stays as it is.
  // bf16 makes sense for a model stored in bf16 too: what its matrices multiply is then rounded to
  // bf16 as well, as llama.cpp does, and they are packed into memory of their own, which is much
  // faster where the processor has bf16 products. Unset, they are streamed from the file and
  // inputs stay f32: logits are those of float32 arithmetic. f32 and f16 are not supported here,
  // nor is a model that is quantized already.
  std::optional<WeightMix> weights = {};
  // A directory for the packed form of quantized weights; empty: none. The first load of a model
  // writes a file as large as its quantized matrices there (waiting for the disk), later ones map
  // it in place of packing. Made where it is missing, safe to delete at any time; a file that does
  // not fit is replaced, and where none can be written there is a warning in the log. Without
  // effect where host.files is set. See docs/packed-cache.md.
  std::string packed_cache = {};
  // Read weights into memory of our own, from host.allocator, in place of mapping their files, and
  // the packed cache's file too. Of a mapped file that is cut short, or whose disk goes away, the
  // next look kills the process (SIGBUS); what was read stays as it was. Costs a copy of what is
  // not packed: see docs/memory.md. A file that ends early while it is read: corrupt. Without
  // effect where host.files is set: contents of the host's are used where they are.
  bool read_into_memory = false;
  std::int32_t threads = 0;  // 0: physical cores. The model is the same for any number
};

class TLITE_API Model {
 public:
  // `path`: a Hugging Face directory or a .gguf file (of a split one the first part). Throws io,
  // not_found, corrupt, not_supported, out_of_memory, cancelled; the message names the file, the
  // field and the value. A program must not end meanwhile: see docs/c-abi.md.
  static Model load(std::string_view path, const LoadOptions& options = {});

  // What a model loaded with `load` and one Session, or one Evaluator, of these options take; the
  // first: a Session of default options. Each further one, forks of sessions included, takes
  // kv_cache and scratch once more from the allocator. Reads headers only, calls no progress and
  // checks no weights. Throws what load and the constructors throw for the same options.
  static MemoryPlan plan(std::string_view path, const LoadOptions& load = {});
  static MemoryPlan plan(std::string_view path, const SessionOptions& session,
                         const LoadOptions& load = {});
  static MemoryPlan plan(std::string_view path, const EvaluatorOptions& evaluator,
                         const LoadOptions& load = {});

  // Everything of `info` without loading the weights: reads headers, tokenizer and chat template.
  static ModelInfo inspect(std::string_view path, const Host& host = {});

  const ModelInfo& info() const noexcept;
  const Tokenizer& tokenizer() const noexcept;
  // Throws not_found where the model has none (a base model).
  const ChatTemplate& chat_template() const;
  // The model's generation_config.json, or greedy-free library defaults.
  const SamplingParams& default_sampling() const noexcept;

  struct Impl;  // internal
  explicit Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  const Impl& impl() const noexcept { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

}  // namespace tlite
