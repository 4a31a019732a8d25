// Model: load, plan and inspect. All three open a checkpoint in the same way (open_model,
// make_info), so that what is planned is what is loaded. Formats are format/'s, packing and its
// cache model/'s; here is the order of the steps, and who hears of progress.
#include "api/model_impl.hpp"
#include "base/cpu.hpp"
#include "base/file.hpp"
#include "base/float_env.hpp"
#include "base/log.hpp"
#include "convert/weight_mix.hpp"
#include "format/checkpoint.hpp"
#include "format/tensor_list.hpp"
#include "model/kv_cache.hpp"
#include "model/packed_cache.hpp"
#include "model/packed_layout.hpp"
#include "model/plan.hpp"
#include "model/weight_reader.hpp"
#include "model/weights.hpp"
#include "text/end_tokens.hpp"

#include <algorithm>
#include <map>
#include <new>
#include <set>
#include <span>
#include <utility>

#include <tlite/error.hpp>
#include <tlite/model.hpp>
#include <tlite/session.hpp>

namespace tlite {
namespace {

std::uint64_t element_count(const StoredTensor& tensor) {
  std::uint64_t count = 1;
  for (const std::uint64_t size : tensor.shape) count *= size;
  return count;
}

// The type that each tensor is streamed in; empty: as stored.
WeightTypes streamed_types(const Checkpoint& checkpoint, std::optional<WeightMix> weights) {
  if (!weights) return {};
  if (*weights == WeightMix::f32 || *weights == WeightMix::f16) {
    throw Error(ErrorCode::not_supported,
                "not supported: loading the weights as " + std::string(to_string(*weights)) +
                    "; matrices that are not quantized are streamed as stored");
  }
  for (const StoredTensor* tensor : used_tensors(checkpoint)) {
    if (!is_quantized(tensor->type)) continue;
    throw Error(ErrorCode::invalid_argument,
                checkpoint.path + ": the weights are to be loaded as " +
                    std::string(to_string(*weights)) + ", but tensor '" + tensor->name +
                    "' is quantized already, as " + std::string(to_string(tensor->type)));
  }
  // Owns its copies: it is asked while weights are loaded.
  return [config = checkpoint.config, mix = *weights](const StoredTensor& tensor) {
    const DataType type = WeightMixer(mix, config, false).type_of(tensor.name);
    return type_for_rows(type, tensor.shape[1]);
  };
}

ModelInfo make_info(const Checkpoint& checkpoint) {
  ModelInfo info;
  info.path = checkpoint.path;
  info.name = checkpoint.name;
  info.format = checkpoint.format;
  info.config = checkpoint.config;
  info.eos_token_ids = checkpoint.eos_token_ids;
  info.has_chat_template = checkpoint.has_chat_template;
  std::map<DataType, std::uint64_t> matrix_bytes;
  for (const StoredTensor* tensor : used_tensors(checkpoint)) {
    info.parameter_count += element_count(*tensor);
    info.weight_bytes += tensor->bytes();
    if (tensor->shape.size() == 2) matrix_bytes[tensor->type] += tensor->bytes();
  }
  std::uint64_t most = 0;
  for (const auto& [type, bytes] : matrix_bytes) {
    if (bytes > most) info.weight_type = type;
    most = std::max(most, bytes);
  }
  return info;
}

// The type of most of what is packed; none where nothing is.
std::optional<DataType> packed_type(const PackedLayout& layout) {
  std::map<DataType, std::uint64_t> bytes;
  for (const PackedMatrix& matrix : layout.matrices()) bytes[matrix.type] += matrix.bytes;
  const auto most = std::max_element(
      bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == bytes.end() ? std::nullopt : std::optional(most->first);
}

void log_ignored_tensors(const Checkpoint& checkpoint, const Log& log) {
  std::set<std::string_view> used;
  for (const StoredTensor* tensor : used_tensors(checkpoint)) used.insert(tensor->name);
  for (const StoredTensor& tensor : checkpoint.weights->tensors()) {
    if (!used.contains(tensor.name)) {
      log(LogLevel::debug, tensor.file + ": tensor " + tensor.name + " is not used");
    }
  }
}

// A model whose template cannot be read still completes text: the error waits for who asks.
void load_chat_template(Model::Impl& model, const Log& log) {
  try {
    model.chat_template = ChatTemplate::load(model.info.path, model.host);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::out_of_memory) throw;
    if (error.code() != ErrorCode::not_found) log(LogLevel::warning, error.what());
    model.chat_template_error = error;
  }
}

void load_text(Model::Impl& model, const Log& log) {
  model.tokenizer = Tokenizer::load(model.info.path, model.host);
  check_vocabulary(model.info.config, model.tokenizer->vocabulary_size(), model.info.path);
  load_chat_template(model, log);
  model.info.eos_token_ids = end_tokens(model.info.eos_token_ids, *model.tokenizer,
                                        model.chat_template ? &*model.chat_template : nullptr);
}

// Whether a file of the host's was changed cannot be asked.
std::string packed_cache(const std::string& directory, const Host& host, const Log& log) {
  if (directory.empty() || !host.files) return directory;
  log(LogLevel::warning, "the packed cache is not used: the files are the host's own");
  return {};
}

// A checkpoint with all that its headers and the options decide: what load builds, plan counts.
struct OpenModel {
  Checkpoint checkpoint;
  ModelInfo info;
  WeightTypes types;
  PackedLayout layout;
};

OpenModel open_model(std::string_view path, const LoadOptions& options, const FileSystem& files) {
  if (options.threads < 0 || options.threads > 256) {
    throw Error(
        ErrorCode::invalid_argument,
        "LoadOptions::threads is " + std::to_string(options.threads) + "; it takes 0 to 256");
  }
  Checkpoint checkpoint = open_checkpoint(
      path, files, options.read_into_memory ? WeightAccess::read : WeightAccess::map);
  ModelInfo info = make_info(checkpoint);
  WeightTypes types = streamed_types(checkpoint, options.weights);
  PackedLayout layout(checkpoint.config, *checkpoint.weights, types);
  if (options.weights) info.weight_type = packed_type(layout).value_or(info.weight_type);
  return {std::move(checkpoint), std::move(info), std::move(types), std::move(layout)};
}

// The files are read, and nothing is mapped. A host's own are used where its FileSystem has them.
bool reads(const LoadOptions& options) { return options.read_into_memory && !options.host.files; }

// The steps of a load that tell how far they are, by the bytes of the files that they go through.
struct Steps {
  LoadProgress keeping;
  LoadProgress packing;
};

Steps share_progress(const LoadOptions& options, const PackedLayout& layout, std::uint64_t kept) {
  // Packing goes through the file too, and reports for the mapped case alone.
  if (!reads(options)) return {{}, layout.bytes() > 0 ? options.progress : LoadProgress{}};
  std::uint64_t packed = 0;
  for (const PackedMatrix& matrix : layout.matrices()) packed += matrix.tensor->bytes();
  const float share = static_cast<float>(kept) / static_cast<float>(kept + packed);
  if (!options.progress) return {};
  return {[&options, share](float fraction) { return options.progress(share * fraction); },
          [&options, share](float fraction) {
            return options.progress(share + (1.0F - share) * fraction);
          }};
}

void warn_of_host_files(const LoadOptions& options, const Log& log) {
  if (!options.read_into_memory || reads(options)) return;
  log(LogLevel::warning, "the files are not read into memory: they are the host's own");
}

// In this order: first what may refuse the model by its headers, then what reads it. keep() comes
// before anything looks at the weights' bytes, for files that are read have none before, and
// close() when nobody needs the files any more. The tokenizer is read on this thread while others
// pack.
//
// The weights point into the source, which `open` owns until the last steps: nothing between them
// throws, so it never goes first.
std::shared_ptr<const Model::Impl> load_model(std::string_view path, const LoadOptions& options) {
  const Log log(options.host.log);
  auto model = std::make_shared<Model::Impl>();
  model->host = options.host;
  model->host.files = files_of(options.host);
  OpenModel open = open_model(path, options, *model->host.files);
  Checkpoint& checkpoint = open.checkpoint;
  for (const std::string& warning : checkpoint.warnings) log(LogLevel::warning, warning);
  log_ignored_tensors(checkpoint, log);
  model->info = std::move(open.info);
  model->sampling = checkpoint.generation.sampling;
  warn_of_host_files(options, log);
  const bool packs = open.layout.bytes() > 0;
  const std::vector<const StoredTensor*> used = used_tensors(checkpoint);
  const std::vector<const StoredTensor*> kept = kept_tensors(used, open.layout);
  const Steps steps = share_progress(options, open.layout, kept_bytes(kept));
  checkpoint.weights->keep(kept, model->host.allocator, options.threads, steps.keeping);
  if (options.check_weights || (!packs && !reads(options))) {
    read_weights(*checkpoint.weights, used, checkpoint.path, options.check_weights, options.threads,
                 packs || reads(options) ? LoadProgress{} : options.progress);
  }
  const WeightLoading loading = {
      .progress = steps.packing,
      .meanwhile = [&] { load_text(*model, log); },
      .types = open.types,
      .path = checkpoint.path,
      .packed_cache = packed_cache(options.packed_cache, options.host, log),
      .check_cache = options.check_weights,
      .read_cache = reads(options),
      .threads = options.threads};
  model->weights = std::make_unique<ModelWeights>(
      model->info.config, *checkpoint.weights, model->host, cpu_tier_from_environment(), loading);
  checkpoint.weights->close();
  model->source = std::move(checkpoint.weights);
  // The last word is the host's, also where no step has reported.
  if (options.progress && !options.progress(1.0F)) {
    throw Error(ErrorCode::cancelled, "cancelled: loading " + std::string(path));
  }
  log(LogLevel::info, std::string(path) + ": " + std::to_string(model->info.parameter_count) +
                          " parameters in " + std::string(to_string(model->info.weight_type)));
  return model;
}

// What is read where the files are mapped: all but what is packed, and the embeddings in any case.
std::uint64_t mapped_bytes(const ModelInfo& info, const PackedLayout& layout) {
  std::uint64_t bytes = info.weight_bytes;
  for (const PackedMatrix& matrix : layout.matrices()) {
    if (matrix.tensor->name != kEmbeddingTensor) bytes -= matrix.tensor->bytes();
  }
  return bytes;
}

bool is_cached(const std::string& directory, std::string_view path, const PackedLayout& layout,
               const WeightSource& source) {
  if (directory.empty() || layout.bytes() == 0) return false;
  ThreadPool pool(1);
  return PackedCache(directory, path, layout, source).open(false, pool, Log()) != nullptr;
}

// Weights in memory of our own, and mapped.
void plan_weights(MemoryPlan& plan, std::string_view path, const LoadOptions& load,
                  const OpenModel& open) {
  const WeightSource& source = *open.checkpoint.weights;
  plan.weights_resident =
      copied_weight_bytes(open.info.config, source, open.layout, cpu_tier_from_environment());
  if (reads(load)) {
    plan.weights_resident += open.layout.bytes();
    plan.weights_resident += kept_bytes(kept_tensors(used_tensors(open.checkpoint), open.layout));
    return;
  }
  plan.weights = mapped_bytes(open.info, open.layout);
  const std::string cache = packed_cache(load.packed_cache, load.host, Log());
  (is_cached(cache, path, open.layout, source) ? plan.weights : plan.weights_resident) +=
      open.layout.bytes();
}

MemoryPlan plan_model(std::string_view path, const EvaluatorOptions& options,
                      const LoadOptions& load) {
  const OpenModel open = open_model(path, load, *files_of(load.host));
  const ModelConfig& config = open.info.config;
  const WeightSource& source = *open.checkpoint.weights;
  const EvaluatorOptions resolved = resolve(options, open.info.weight_type);
  MemoryPlan plan;
  plan_weights(plan, path, load, open);
  plan.kv_cache = kv_cache_bytes(KvLayout(config, *resolved.kv_type, source), resolved.context);
  plan.scratch = scratch_bytes(config, resolved, open.layout.bytes() > 0);
  return plan;
}

// Small containers come from the C++ heap, whose failure is not an Error yet.
template <class Call>
auto with_memory_errors(std::string_view path, Call&& call) {
  const DefaultFloatEnv arithmetic;
  try {
    return call();
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::out_of_memory, "out of memory: opening " + std::string(path));
  }
}

}  // namespace

Model Model::load(std::string_view path, const LoadOptions& options) {
  return with_memory_errors(path, [&] { return Model(load_model(path, options)); });
}

MemoryPlan Model::plan(std::string_view path, const EvaluatorOptions& evaluator,
                       const LoadOptions& load) {
  return with_memory_errors(path, [&] { return plan_model(path, evaluator, load); });
}

MemoryPlan Model::plan(std::string_view path, const SessionOptions& session,
                       const LoadOptions& load) {
  return plan(path, evaluator_options(session), load);
}

MemoryPlan Model::plan(std::string_view path, const LoadOptions& load) {
  return plan(path, SessionOptions(), load);
}

ModelInfo Model::inspect(std::string_view path, const Host& host) {
  return with_memory_errors(path, [&] {
    Impl parts;
    parts.host = host;
    parts.host.files = files_of(host);
    parts.info = make_info(open_checkpoint(path, *parts.host.files));
    // For the end tokens, which the tokenizer and the template have a say in.
    load_text(parts, Log());
    return std::move(parts.info);
  });
}

const ModelInfo& Model::info() const noexcept { return impl_->info; }

const Tokenizer& Model::tokenizer() const noexcept { return *impl_->tokenizer; }

const ChatTemplate& Model::chat_template() const {
  if (!impl_->chat_template) throw Error(*impl_->chat_template_error);
  return *impl_->chat_template;
}

const SamplingParams& Model::default_sampling() const noexcept { return impl_->sampling; }

}  // namespace tlite
