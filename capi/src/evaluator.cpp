// Batches for callers that drive the model themselves. Checks of rows, sequences and positions are
// left to tlite::Evaluator; here are the forms that C needs, and the lock.
#include "arguments.hpp"
#include "model.hpp"
#include "structs.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tlite/evaluator.hpp>

namespace tlite::capi {
namespace {

// Shared with the call at work, so that a free from its callback waits for its end.
// `in_use` protects all of it but the cancel flag, which is an atomic inside of `value`.
struct EvaluatorState {
  explicit EvaluatorState(Evaluator evaluator) : value(std::move(evaluator)) {}
  Evaluator value;
  std::vector<BatchRow> rows;  // of the last batch; kept for its capacity
  std::atomic<bool> in_use = false;
};

}  // namespace
}  // namespace tlite::capi

struct tlite_evaluator {
  std::shared_ptr<tlite::capi::EvaluatorState> state;
};

namespace tlite::capi {
namespace {

constexpr const char* kSelf = "evaluator";

// The evaluator, held for one call.
// Also for what only reads, since a batch in flight changes it. The three functions that return a
// number and no status do without: they cannot tell of a conflict, and rely on the caller to use
// one thread at a time.
class Held {
 public:
  explicit Held(const tlite_evaluator* evaluator, const char* name = kSelf)
      : state_(required(evaluator, name).state), in_use_(state_->in_use, name) {}
  EvaluatorState& operator*() const noexcept { return *state_; }
  Evaluator* operator->() const noexcept { return &state_->value; }

 private:
  std::shared_ptr<EvaluatorState> state_;
  InUse in_use_;
};

tlite_evaluator_options options_out(const EvaluatorOptions& options) noexcept {
  tlite_evaluator_options result = {};
  result.context = options.context;
  result.max_sequences = options.max_sequences;
  result.max_batch_rows = options.max_batch_rows;
  result.max_logits_rows = options.max_logits_rows;
  result.max_hidden_rows = options.max_hidden_rows;
  result.threads = threads_out(options.threads);
  result.kv_type = kv_type_out(options.kv_type);
  return result;
}

EvaluatorOptions options_in(const tlite_evaluator_options* options, const tlite_model& model) {
  const tlite_evaluator_options given = read_struct(options, options_out({}));
  EvaluatorOptions result;
  result.context = given.context;
  result.max_sequences = given.max_sequences;
  result.max_batch_rows = given.max_batch_rows;
  result.max_logits_rows = given.max_logits_rows;
  result.max_hidden_rows = given.max_hidden_rows;
  result.threads = model.threads(given.threads);
  result.kv_type = kv_type_in(given.kv_type);
  return result;
}

// The C rows cannot be taken as they are: they have room for later fields, which must be 0. The
// model copies what it is given, so a refused batch may leave anything here, while another is in
// flight too.
std::span<const BatchRow> rows_in(EvaluatorState& state, const tlite_batch_row* rows,
                                  std::size_t count) {
  state.rows.clear();
  for (const tlite_batch_row& row : list_in(rows, count, "rows")) {
    for (const std::uint32_t reserved : row.reserved) require_zero(reserved, "batch_row.reserved");
    state.rows.push_back(
        {row.token, row.sequence, row.position, row.wants_logits != 0, row.wants_hidden != 0});
  }
  return state.rows;
}

struct LogitsMatrix {
  const float* data;
  std::size_t rows, columns, stride;
};

// The C++ API gives row after row, which lie at one distance from each other.
// So the distance is read off the first two. One row has none, and takes the number of its columns.
LogitsMatrix logits_matrix(const Evaluator& evaluator) {
  LogitsMatrix matrix = {};
  matrix.columns = static_cast<std::size_t>(evaluator.model().info().config.vocab_size);
  matrix.stride = matrix.columns;
  matrix.rows = static_cast<std::size_t>(evaluator.logits_rows());
  if (matrix.rows == 0) return matrix;
  matrix.data = evaluator.logits(0).data();
  if (matrix.rows > 1)
    matrix.stride = static_cast<std::size_t>(evaluator.logits(1).data() - matrix.data);
  return matrix;
}

}  // namespace
}  // namespace tlite::capi

using namespace tlite::capi;

tlite_status tlite_evaluator_options_init(tlite_evaluator_options* options,
                                          size_t struct_size) noexcept {
  return init_struct(options, struct_size, options_out({}));
}

tlite_status tlite_evaluator_create(const tlite_model* model,
                                    const tlite_evaluator_options* options, tlite_evaluator** out,
                                    tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const tlite_model& from = required(model, "model");
    *out = new tlite_evaluator{
        std::make_shared<EvaluatorState>(tlite::Evaluator(from.value, options_in(options, from)))};
  });
}

void tlite_evaluator_free(tlite_evaluator* evaluator) noexcept { delete evaluator; }

tlite_status tlite_evaluator_get_options(const tlite_evaluator* evaluator,
                                         tlite_evaluator_options* out,
                                         tlite_error** error) noexcept {
  return guard(error, [&] {
    const std::size_t size = out_struct_size(out, "out");
    copy_out(options_out(Held(evaluator)->options()), out, size);
  });
}

tlite_status tlite_evaluator_create_sequence(tlite_evaluator* evaluator, int32_t* out,
                                             tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = Held(evaluator)->create_sequence();
  });
}

tlite_status tlite_evaluator_destroy_sequence(tlite_evaluator* evaluator, int32_t sequence,
                                              tlite_error** error) noexcept {
  return guard(error, [&] { Held(evaluator)->destroy_sequence(sequence); });
}

tlite_status tlite_evaluator_get_length(const tlite_evaluator* evaluator, int32_t sequence,
                                        int32_t* out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = Held(evaluator)->length(sequence);
  });
}

tlite_status tlite_evaluator_fork(tlite_evaluator* evaluator, int32_t sequence, int32_t length,
                                  int32_t* out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = Held(evaluator)->fork(sequence, length);
  });
}

tlite_status tlite_evaluator_adopt(tlite_evaluator* evaluator, const tlite_evaluator* other,
                                   int32_t sequence, int32_t length, int32_t* out,
                                   tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const Held self(evaluator);
    // Held twice, it would seem to be at work for somebody else. Each handle has a state of its
    // own, so comparing handles is enough.
    if (evaluator == other) {
      *out = self->fork(sequence, length);
      return;
    }
    const Held from(other, "other evaluator");
    *out = self->adopt((*from).value, sequence, length);
  });
}

tlite_status tlite_evaluator_truncate(tlite_evaluator* evaluator, int32_t sequence, int32_t length,
                                      tlite_error** error) noexcept {
  return guard(error, [&] { Held(evaluator)->truncate(sequence, length); });
}

int32_t tlite_evaluator_free_positions(const tlite_evaluator* evaluator) noexcept {
  return evaluator == nullptr ? 0 : evaluator->state->value.free_positions();
}

tlite_status tlite_evaluator_evaluate(tlite_evaluator* evaluator, const tlite_batch_row* rows,
                                      size_t row_count, tlite_error** error) noexcept {
  return guard(error, [&] {
    const Held self(evaluator);
    self->evaluate(rows_in(*self, rows, row_count));
  });
}

tlite_status tlite_evaluator_append(tlite_evaluator* evaluator, int32_t sequence,
                                    const int32_t* ids, size_t id_count,
                                    tlite_error** error) noexcept {
  return guard(error, [&] {
    const Held self(evaluator);
    self->append(sequence, list_in(ids, id_count, "ids"));
  });
}

tlite_status tlite_evaluator_submit(tlite_evaluator* evaluator, const tlite_batch_row* rows,
                                    size_t row_count, tlite_error** error) noexcept {
  return guard(error, [&] {
    const Held self(evaluator);
    self->submit(rows_in(*self, rows, row_count));
  });
}

tlite_status tlite_evaluator_advance(tlite_evaluator* evaluator, int64_t budget_nanoseconds,
                                     int32_t* finished, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(finished, "finished");
    const Held self(evaluator);
    *finished = self->advance(std::chrono::nanoseconds(budget_nanoseconds)) ? 1 : 0;
  });
}

tlite_status tlite_evaluator_discard(tlite_evaluator* evaluator, tlite_error** error) noexcept {
  return guard(error, [&] { Held(evaluator)->discard(); });
}

tlite_status tlite_evaluator_get_logits(const tlite_evaluator* evaluator, int32_t index,
                                        const float** out, size_t* count,
                                        tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const std::span<const float> logits = std::as_const((*Held(evaluator)).value).logits(index);
    // The view outlives the hold: it is good until the next batch.
    *out = logits.data();
    if (count != nullptr) *count = logits.size();
  });
}

tlite_status tlite_evaluator_get_logits_matrix(const tlite_evaluator* evaluator, const float** out,
                                               size_t* rows, size_t* columns, size_t* stride,
                                               tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const LogitsMatrix matrix = logits_matrix((*Held(evaluator)).value);
    *out = matrix.data;
    if (rows != nullptr) *rows = matrix.rows;
    if (columns != nullptr) *columns = matrix.columns;
    if (stride != nullptr) *stride = matrix.stride;
  });
}

int32_t tlite_evaluator_logits_rows(const tlite_evaluator* evaluator) noexcept {
  return evaluator == nullptr ? 0 : evaluator->state->value.logits_rows();
}

int32_t tlite_evaluator_hidden_rows(const tlite_evaluator* evaluator) noexcept {
  return evaluator == nullptr ? 0 : evaluator->state->value.hidden_rows();
}

tlite_status tlite_evaluator_get_hidden(const tlite_evaluator* evaluator, int32_t index,
                                        const float** out, size_t* count,
                                        tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const std::span<const float> hidden = std::as_const((*Held(evaluator)).value).hidden(index);
    *out = hidden.data();
    if (count != nullptr) *count = hidden.size();
  });
}

// Without guard and hold, for signal handlers. Unlike a session's, the C++ evaluator keeps a cancel
// that finds nothing running: there is no flag of our own.
void tlite_evaluator_cancel(tlite_evaluator* evaluator) noexcept {
  if (evaluator != nullptr) evaluator->state->value.cancel();
}

void tlite_evaluator_clear_cancel(tlite_evaluator* evaluator) noexcept {
  if (evaluator != nullptr) evaluator->state->value.clear_cancel();
}

tlite_status tlite_evaluator_on_progress(tlite_evaluator* evaluator,
                                         tlite_progress_callback on_progress, void* user,
                                         tlite_error** error) noexcept {
  return guard(error, [&] {
    const Held self(evaluator);
    // An empty function and not one that does nothing, so that the model knows that nobody listens.
    // `user` is kept until the next call of this or the evaluator's end.
    if (on_progress == nullptr) {
      self->on_progress({});
      return;
    }
    self->on_progress([on_progress, user](std::int64_t done, std::int64_t total) {
      return on_progress(done, total, user) == 0;
    });
  });
}
