/* Evaluators and samplers. */
#include "use.h"

#include <string.h>

static int32_t on_progress(int64_t done, int64_t total, void* user) {
  MUST(done > 0 && done <= total);
  ++*(int*)user;
  return 0;
}

static int32_t only_400(const int32_t* tokens, size_t token_count, float* logits,
                        size_t logit_count, void* user) {
  MUST(tokens != NULL && token_count > 0 && user == NULL);
  for (size_t i = 0; i < logit_count; i++) logits[i] = i == 400 ? 0.0F : -1e30F;
  return 0;
}

static void use_sampler(const tlite_model* model, const float* logits, size_t count) {
  const tlite_sampling_params params = greedy(5);
  const int32_t ids[2] = {300, 301};
  tlite_sampler* sampler = NULL;
  const tlite_sampled_token* chosen = NULL;
  WORKS(tlite_sampler_create(model, &params, &sampler, &error));
  MUST(tlite_sampler_seed(sampler) != 0);
  WORKS(tlite_sampler_observe_prompt(sampler, ids, 2, &error));
  uint32_t mask[8192];
  MUST(count / 32 + 1 <= 8192);
  memset(mask, 0xFF, sizeof mask);
  WORKS(tlite_sampler_sample(sampler, logits, count, mask, (count + 31) / 32, &chosen, &error));
  MUST(chosen->struct_size >= sizeof *chosen && chosen->logprob->rank == 1);
  MUST(chosen->top_logprob_count == 2 && chosen->top_logprobs[0].token == chosen->token);
  WORKS(tlite_sampler_accept(sampler, 305, &error));
  tlite_sampler_end_thinking(sampler);
  FAILS(tlite_sampler_on_logits(sampler, only_400, NULL, &error), TLITE_ERROR_BAD_STATE);
  WORKS(tlite_sampler_reset(sampler, &error));
  WORKS(tlite_sampler_on_logits(sampler, only_400, NULL, &error));
  WORKS(tlite_sampler_observe_prompt(sampler, ids, 2, &error));
  WORKS(tlite_sampler_sample(sampler, logits, count, NULL, 0, &chosen, &error));
  MUST(chosen->token == 400);
  tlite_sampler_free(sampler);
}

static void use_batches(tlite_evaluator* evaluator, int32_t sequence) {
  tlite_batch_row rows[4];
  memset(rows, 0, sizeof rows);
  for (int i = 0; i < 4; i++) {
    rows[i].token = 300 + i;
    rows[i].sequence = sequence;
    rows[i].position = i;
    rows[i].wants_logits = i >= 2;
    rows[i].wants_hidden = i == 3;
  }
  int calls = 0;
  WORKS(tlite_evaluator_on_progress(evaluator, on_progress, &calls, &error));
  WORKS(tlite_evaluator_evaluate(evaluator, rows, 4, &error));
  MUST(calls > 0 && tlite_evaluator_logits_rows(evaluator) == 2);
  WORKS(tlite_evaluator_on_progress(evaluator, NULL, NULL, &error));
  const float* matrix = NULL;
  const float* row = NULL;
  size_t counts[3] = {0, 0, 0};
  size_t count = 0;
  WORKS(tlite_evaluator_get_logits_matrix(evaluator, &matrix, &counts[0], &counts[1], &counts[2],
                                          &error));
  WORKS(tlite_evaluator_get_logits(evaluator, 1, &row, &count, &error));
  MUST(counts[0] == 2 && counts[1] == count && counts[2] >= count && row == matrix + counts[2]);
  MUST(tlite_evaluator_hidden_rows(evaluator) == 1);
  WORKS(tlite_evaluator_get_hidden(evaluator, 0, &row, &count, &error));
  MUST(row != NULL && count > 0);

  WORKS(tlite_evaluator_truncate(evaluator, sequence, 0, &error));
  WORKS(tlite_evaluator_submit(evaluator, rows, 4, &error));
  WORKS(tlite_evaluator_discard(evaluator, &error));
  WORKS(tlite_evaluator_submit(evaluator, rows, 4, &error));
  int32_t finished = 0;
  while (!finished) WORKS(tlite_evaluator_advance(evaluator, 1000000, &finished, &error));
  const int32_t more[2] = {310, 311};
  tlite_evaluator_cancel(evaluator);
  FAILS(tlite_evaluator_append(evaluator, sequence, more, 2, &error), TLITE_ERROR_CANCELLED);
  tlite_evaluator_cancel(evaluator);
  tlite_evaluator_clear_cancel(evaluator);
  WORKS(tlite_evaluator_append(evaluator, sequence, more, 2, &error));
  int32_t length = 0;
  WORKS(tlite_evaluator_get_length(evaluator, sequence, &length, &error));
  MUST(length == 6);
}

void use_evaluator(const tlite_model* model) {
  tlite_evaluator_options options;
  MUST(tlite_evaluator_options_init(&options, sizeof options) == TLITE_OK);
  MUST(options.max_sequences == 64 && options.max_logits_rows == 64);
  options.context = 128;
  options.max_sequences = 4;
  options.max_hidden_rows = 4;
  tlite_evaluator* evaluators[2] = {NULL, NULL};
  for (int i = 0; i < 2; i++) {
    WORKS(tlite_evaluator_create(model, &options, &evaluators[i], &error));
  }
  WORKS(tlite_evaluator_get_options(evaluators[0], &options, &error));
  MUST(options.context == 128 && options.threads > 0);
  int32_t sequence = -1;
  int32_t fork = -1;
  int32_t adopted = -1;
  WORKS(tlite_evaluator_create_sequence(evaluators[0], &sequence, &error));
  MUST(tlite_evaluator_free_positions(evaluators[0]) >= 128);
  use_batches(evaluators[0], sequence);
  WORKS(tlite_evaluator_fork(evaluators[0], sequence, 3, &fork, &error));
  WORKS(
      tlite_evaluator_adopt(evaluators[1], evaluators[0], sequence, TLITE_UNSET, &adopted, &error));
  const int32_t next = 312;
  const float* logits = NULL;
  size_t count = 0;
  WORKS(tlite_evaluator_append(evaluators[1], adopted, &next, 1, &error));
  WORKS(tlite_evaluator_get_logits(evaluators[1], 0, &logits, &count, &error));
  MUST(count == (size_t)tlite_model_vocab_size(model));
  use_sampler(model, logits, count);
  WORKS(tlite_evaluator_destroy_sequence(evaluators[0], fork, &error));
  FAILS(tlite_evaluator_destroy_sequence(evaluators[0], fork, &error),
        TLITE_ERROR_INVALID_ARGUMENT);
  tlite_evaluator_free(evaluators[0]);
  tlite_evaluator_free(evaluators[1]);
}
