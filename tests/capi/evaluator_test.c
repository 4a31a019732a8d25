#include "tiny_session.h"

#include <math.h>
#include <string.h>

static const int32_t kIds[] = {10, 20, 30, 40, 50, 60, 70};

static tlite_evaluator* new_evaluator(const tlite_model* model) {
  tlite_evaluator_options options;
  tlite_evaluator_options_init(&options, sizeof options);
  options.context = 128;
  options.max_sequences = 3;
  options.max_batch_rows = 4;
  options.max_logits_rows = 4;
  tlite_evaluator* evaluator = NULL;
  CHECK_OK(tlite_evaluator_create(model, &options, &evaluator, &error));
  return evaluator;
}

static int32_t new_sequence(tlite_evaluator* evaluator) {
  int32_t sequence = -1;
  CHECK_OK(tlite_evaluator_create_sequence(evaluator, &sequence, &error));
  return sequence;
}

static int32_t length_of(const tlite_evaluator* evaluator, int32_t sequence) {
  int32_t length = -1;
  CHECK_OK(tlite_evaluator_get_length(evaluator, sequence, &length, &error));
  return length;
}

/* Whether row `index` of the last batch equals `expected`, bit for bit. */
static int logits_equal(const tlite_evaluator* evaluator, int32_t index, const float* expected) {
  const float* logits = NULL;
  size_t count = 0;
  CHECK_OK(tlite_evaluator_get_logits(evaluator, index, &logits, &count, &error));
  return count == TINY_VOCAB_SIZE && logits != NULL &&
         memcmp(logits, expected, sizeof(float) * TINY_VOCAB_SIZE) == 0;
}

static void copy_logits(const tlite_evaluator* evaluator, float* to) {
  const float* logits = NULL;
  CHECK_OK(tlite_evaluator_get_logits(evaluator, 0, &logits, NULL, &error));
  if (logits != NULL) memcpy(to, logits, sizeof(float) * TINY_VOCAB_SIZE);
}

TEST(evaluator_life, "capi/evaluator: append, evaluate and steps give the same logits") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_evaluator* const evaluator = new_evaluator(model);
  tlite_model_free(model); /* the evaluator keeps it */
  REQUIRE(evaluator != NULL);
  float expected[TINY_VOCAB_SIZE] = {0};
  const int32_t one = new_sequence(evaluator);
  CHECK_OK(tlite_evaluator_append(evaluator, one, kIds, LENGTH(kIds), &error));
  CHECK(length_of(evaluator, one) == 7 && tlite_evaluator_logits_rows(evaluator) == 1);
  copy_logits(evaluator, expected);
  CHECK(isfinite(expected[0]) && expected[0] != expected[1]);

  tlite_batch_row rows[LENGTH(kIds)];
  memset(rows, 0, sizeof rows);
  const int32_t two = new_sequence(evaluator);
  for (int i = 0; i < (int)LENGTH(kIds); ++i) {
    rows[i].token = kIds[i];
    rows[i].sequence = two;
    rows[i].position = i;
    rows[i].wants_logits = i >= 5;
  }
  CHECK_OK(tlite_evaluator_evaluate(evaluator, rows, LENGTH(rows), &error));
  CHECK(tlite_evaluator_logits_rows(evaluator) == 2 && logits_equal(evaluator, 1, expected));
  CHECK(!logits_equal(evaluator, 0, expected));
  const float* matrix = NULL;
  size_t matrix_rows = 0;
  size_t columns = 0;
  size_t stride = 0;
  CHECK_OK(tlite_evaluator_get_logits_matrix(evaluator, &matrix, &matrix_rows, &columns, &stride,
                                             &error));
  CHECK(matrix_rows == 2 && columns == TINY_VOCAB_SIZE && stride >= columns);
  CHECK(memcmp(matrix + stride, expected, sizeof expected) == 0);

  const int32_t three = new_sequence(evaluator);
  for (size_t i = 0; i < LENGTH(rows); ++i) rows[i].sequence = three;
  CHECK_OK(tlite_evaluator_submit(evaluator, rows, LENGTH(rows), &error));
  CHECK_STATUS(tlite_evaluator_submit(evaluator, rows, LENGTH(rows), &error),
               TLITE_ERROR_BAD_STATE);
  int32_t finished = 0;
  int steps = 0;
  for (; !finished && steps < 10000; ++steps) {
    CHECK_OK(tlite_evaluator_advance(evaluator, 0, &finished, &error));
  }
  CHECK(finished && steps > 2 && logits_equal(evaluator, 1, expected));
  tlite_evaluator_free(evaluator);
  CHECK(host.live == 0 && host.released == 1);
}

TEST(evaluator_hidden, "capi/evaluator: hidden states of the rows that want them") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  const size_t hidden_size = (size_t)tlite_model_hidden_size(model);
  tlite_evaluator_options options;
  tlite_evaluator_options_init(&options, sizeof options);
  options.context = 128;
  options.max_batch_rows = 4;
  options.max_hidden_rows = 2;
  tlite_evaluator* evaluator = NULL;
  CHECK_OK(tlite_evaluator_create(model, &options, &evaluator, &error));
  tlite_model_free(model);
  REQUIRE(evaluator != NULL);
  CHECK_OK(tlite_evaluator_get_options(evaluator, &options, &error));
  CHECK(options.max_hidden_rows == 2);

  tlite_batch_row rows[LENGTH(kIds)];
  memset(rows, 0, sizeof rows);
  const int32_t one = new_sequence(evaluator);
  for (int i = 0; i < (int)LENGTH(kIds); ++i) {
    rows[i].token = kIds[i];
    rows[i].sequence = one;
    rows[i].position = i;
    rows[i].wants_hidden = i == 1 || i == 6;
  }
  rows[6].wants_logits = 1;
  CHECK_OK(tlite_evaluator_evaluate(evaluator, rows, LENGTH(rows), &error));
  CHECK(tlite_evaluator_hidden_rows(evaluator) == 2 && tlite_evaluator_logits_rows(evaluator) == 1);
  const float* hidden = NULL;
  size_t count = 0;
  CHECK_OK(tlite_evaluator_get_hidden(evaluator, 0, &hidden, &count, &error));
  REQUIRE(hidden != NULL && count == hidden_size);
  float kept[64] = {0};
  REQUIRE(count == LENGTH(kept));
  memcpy(kept, hidden, sizeof kept);
  CHECK_OK(tlite_evaluator_get_hidden(evaluator, 1, &hidden, NULL, &error));
  CHECK(memcmp(kept, hidden, sizeof kept) != 0);
  CHECK_ERROR(tlite_evaluator_get_hidden(evaluator, 2, &hidden, &count, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "there is no hidden state 2: the last batch has 2");
  CHECK_ERROR(tlite_evaluator_get_hidden(evaluator, 0, NULL, &count, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "out is NULL");

  /* Alone, and without logits: the same bits. */
  const int32_t two = new_sequence(evaluator);
  rows[0].sequence = two;
  rows[1].sequence = two;
  CHECK_OK(tlite_evaluator_evaluate(evaluator, rows, 2, &error));
  CHECK(tlite_evaluator_hidden_rows(evaluator) == 1 && tlite_evaluator_logits_rows(evaluator) == 0);
  CHECK_OK(tlite_evaluator_get_hidden(evaluator, 0, &hidden, &count, &error));
  CHECK(memcmp(kept, hidden, sizeof kept) == 0);
  CHECK_OK(tlite_evaluator_append(evaluator, two, kIds, 3, &error));
  CHECK(tlite_evaluator_hidden_rows(evaluator) == 0 && tlite_evaluator_hidden_rows(NULL) == 0);

  const int32_t three = new_sequence(evaluator);
  for (int i = 0; i < 3; ++i) {
    rows[i].sequence = three;
    rows[i].wants_hidden = 1;
  }
  CHECK_ERROR(tlite_evaluator_evaluate(evaluator, rows, 3, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "3 rows want hidden states; max_hidden_rows is 2");
  tlite_evaluator_free(evaluator);
  CHECK(host.live == 0 && host.released == 1);
}

TEST(evaluator_sequences, "capi/evaluator: fork, adopt, truncate and destroy") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_evaluator* const evaluator = new_evaluator(model);
  tlite_evaluator* const other = new_evaluator(model);
  REQUIRE(evaluator != NULL && other != NULL);
  float expected[TINY_VOCAB_SIZE] = {0};
  const int32_t one = new_sequence(evaluator);
  CHECK_OK(tlite_evaluator_append(evaluator, one, kIds, 7, &error));
  copy_logits(evaluator, expected);

  int32_t fork = -1;
  CHECK_OK(tlite_evaluator_fork(evaluator, one, 3, &fork, &error));
  CHECK(length_of(evaluator, fork) == 3);
  CHECK_OK(tlite_evaluator_append(evaluator, fork, kIds + 3, 4, &error));
  CHECK(logits_equal(evaluator, 0, expected));
  CHECK_OK(tlite_evaluator_truncate(evaluator, one, 2, &error));
  CHECK(length_of(evaluator, one) == 2 && length_of(evaluator, fork) == 7);
  CHECK_OK(tlite_evaluator_append(evaluator, one, kIds + 2, 5, &error));
  CHECK(logits_equal(evaluator, 0, expected));

  int32_t adopted = -1;
  CHECK_OK(tlite_evaluator_adopt(other, evaluator, one, 5, &adopted, &error));
  int32_t own = -1;
  CHECK_OK(tlite_evaluator_adopt(evaluator, evaluator, one, -1, &own, &error));
  CHECK(length_of(evaluator, own) == 7);
  tlite_evaluator_free(evaluator); /* the pages stay with who adopted them */
  CHECK(length_of(other, adopted) == 5);
  CHECK_OK(tlite_evaluator_append(other, adopted, kIds + 5, 2, &error));
  CHECK(logits_equal(other, 0, expected));

  CHECK_OK(tlite_evaluator_destroy_sequence(other, adopted, &error));
  CHECK(tlite_evaluator_free_positions(other) == 128);
  CHECK_STATUS(tlite_evaluator_destroy_sequence(other, adopted, &error),
               TLITE_ERROR_INVALID_ARGUMENT);
  tlite_evaluator_free(other);
  tlite_model_free(model);
  CHECK(host.live == 0);
}

TEST(evaluator_options, "capi/evaluator: options are told as resolved, threads from the host") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_evaluator* const evaluator = new_evaluator(model);
  tlite_evaluator_options options;
  tlite_evaluator_options_init(&options, sizeof options);
  CHECK_OK(tlite_evaluator_get_options(evaluator, &options, &error));
  CHECK(options.threads == 2 && options.context == 128 && options.max_sequences == 3);
  CHECK(options.kv_type == TLITE_DATA_TYPE_F32 && options.max_batch_rows == 4);
  tlite_evaluator_free(evaluator);

  static const struct {
    int32_t context, sequences, rows, kv_type;
  } bad[] = {{0, 1, 1, -1},  {-1, 1, 1, -1}, {8, 0, 1, -1},
             {8, -5, 1, -1}, {8, 1, 0, -1},  {8, 1, -1, -1},
             {8, 1, 1, 15},  {8, 1, 1, -2},  {8, 1, 1, TLITE_DATA_TYPE_Q4_K}};
  for (size_t i = 0; i < LENGTH(bad); ++i) {
    tlite_evaluator* none = NULL;
    tlite_evaluator_options_init(&options, sizeof options);
    options.context = bad[i].context;
    options.max_sequences = bad[i].sequences;
    options.max_batch_rows = bad[i].rows;
    options.kv_type = bad[i].kv_type;
    const int is_kind = bad[i].kv_type == TLITE_DATA_TYPE_Q4_K; /* one that no KV cache has */
    CHECK_STATUS(tlite_evaluator_create(model, &options, &none, &error),
                 is_kind ? TLITE_ERROR_NOT_SUPPORTED : TLITE_ERROR_INVALID_ARGUMENT);
    CHECK(none == NULL);
    tlite_evaluator_free(none);
  }
  tlite_evaluator_options_init(&options, sizeof options);
  options.context = INT32_MAX;
  tlite_evaluator* none = NULL;
  CHECK(tlite_evaluator_create(model, &options, &none, NULL) < 0 && none == NULL);
  tlite_model_free(model);
  CHECK(host.live == 0);
}

TEST(evaluator_errors, "capi/evaluator: bad rows are errors, and the sequences are as before") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_evaluator* const evaluator = new_evaluator(model);
  const int32_t sequence = new_sequence(evaluator);
  CHECK_OK(tlite_evaluator_append(evaluator, sequence, kIds, 2, &error));
  static const struct {
    int32_t token, sequence, position;
  } bad[] = {{-1, 0, 2},        {TINY_VOCAB_SIZE, 0, 2},
             {INT32_MAX, 0, 2}, {1, 9, 2},
             {1, -1, 2},        {1, 0, 1},
             {1, 0, 3},         {1, 0, -1},
             {1, 0, INT32_MAX}};
  for (size_t i = 0; i < LENGTH(bad); ++i) {
    tlite_batch_row row;
    memset(&row, 0, sizeof row);
    row.token = bad[i].token;
    row.sequence = bad[i].sequence == 0 ? sequence : bad[i].sequence == 9 ? sequence + 9 : -1;
    row.position = bad[i].position;
    CHECK_STATUS(tlite_evaluator_evaluate(evaluator, &row, 1, &error),
                 TLITE_ERROR_INVALID_ARGUMENT);
  }
  CHECK_STATUS(tlite_evaluator_evaluate(evaluator, NULL, 3, &error), TLITE_ERROR_INVALID_ARGUMENT);
  const int32_t wrong[] = {1, 100000};
  CHECK_STATUS(tlite_evaluator_append(evaluator, sequence, wrong, 2, &error),
               TLITE_ERROR_INVALID_ARGUMENT);
  int32_t many[200] = {0};
  CHECK_STATUS(tlite_evaluator_append(evaluator, sequence, many, 200, &error),
               TLITE_ERROR_CONTEXT_FULL);
  CHECK(length_of(evaluator, sequence) == 2);
  int32_t out = -7;
  CHECK_STATUS(tlite_evaluator_fork(evaluator, sequence, 3, &out, &error),
               TLITE_ERROR_INVALID_ARGUMENT);
  CHECK_STATUS(tlite_evaluator_fork(evaluator, sequence + 50, -1, &out, &error),
               TLITE_ERROR_INVALID_ARGUMENT);
  CHECK_STATUS(tlite_evaluator_truncate(evaluator, sequence, -1, &error),
               TLITE_ERROR_INVALID_ARGUMENT);
  CHECK_STATUS(tlite_evaluator_truncate(evaluator, sequence, 3, &error),
               TLITE_ERROR_INVALID_ARGUMENT);
  const float* logits = NULL;
  size_t count = 7;
  CHECK_OK(tlite_evaluator_get_logits_matrix(evaluator, &logits, NULL, NULL, NULL, &error));
  CHECK(logits != NULL);
  logits = NULL;
  CHECK_STATUS(tlite_evaluator_get_logits(evaluator, 1, &logits, &count, &error),
               TLITE_ERROR_INVALID_ARGUMENT);
  CHECK_STATUS(tlite_evaluator_get_logits(evaluator, -1, &logits, &count, &error),
               TLITE_ERROR_INVALID_ARGUMENT);
  CHECK(logits == NULL && count == 7);
  new_sequence(evaluator);
  new_sequence(evaluator);
  CHECK_STATUS(tlite_evaluator_create_sequence(evaluator, &out, &error), TLITE_ERROR_BAD_STATE);
  CHECK(out == -7);
  tlite_evaluator_free(evaluator);
  tlite_model_free(model);
}

static int32_t stop_at_once(int64_t done, int64_t total, void* user) {
  CHECK(done > 0 && done <= total);
  *(int*)user += 1;
  return 1;
}

static int32_t use_evaluator(int64_t done, int64_t total, void* user) {
  int32_t sequence = -7;
  (void)done;
  (void)total;
  CHECK_ERROR(tlite_evaluator_create_sequence(user, &sequence, &error), TLITE_ERROR_BAD_STATE,
              "evaluator is in use");
  CHECK(sequence == -7);
  return 0;
}

TEST(evaluator_callback, "capi/evaluator: the progress callback stops, and cannot call back in") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_evaluator* const evaluator = new_evaluator(model);
  const int32_t sequence = new_sequence(evaluator);
  int calls = 0;
  CHECK_OK(tlite_evaluator_on_progress(evaluator, stop_at_once, &calls, &error));
  CHECK_STATUS(tlite_evaluator_append(evaluator, sequence, kIds, 7, &error), TLITE_ERROR_CANCELLED);
  CHECK(calls == 1 && length_of(evaluator, sequence) == 0);
  CHECK_OK(tlite_evaluator_on_progress(evaluator, use_evaluator, evaluator, &error));
  CHECK_OK(tlite_evaluator_append(evaluator, sequence, kIds, 7, &error));
  CHECK_OK(tlite_evaluator_on_progress(evaluator, NULL, NULL, &error));
  CHECK_OK(tlite_evaluator_append(evaluator, sequence, kIds, 7, &error));
  CHECK(calls == 1 && length_of(evaluator, sequence) == 14);
  tlite_evaluator_free(evaluator);
  tlite_model_free(model);
}

TEST(evaluator_cancel, "capi/evaluator: cancel stops the next batch until it is cleared") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_evaluator* const evaluator = new_evaluator(model);
  const int32_t sequence = new_sequence(evaluator);
  tlite_evaluator_cancel(evaluator);
  CHECK_STATUS(tlite_evaluator_append(evaluator, sequence, kIds, 7, &error), TLITE_ERROR_CANCELLED);
  tlite_evaluator_clear_cancel(evaluator);
  CHECK_OK(tlite_evaluator_append(evaluator, sequence, kIds, 7, &error));

  tlite_batch_row row;
  memset(&row, 0, sizeof row);
  row.sequence = sequence;
  row.position = 7;
  CHECK_OK(tlite_evaluator_submit(evaluator, &row, 1, &error));
  CHECK_OK(tlite_evaluator_discard(evaluator, &error));
  CHECK_OK(tlite_evaluator_discard(evaluator, &error));
  CHECK(length_of(evaluator, sequence) == 7);
  CHECK_OK(tlite_evaluator_append(evaluator, sequence, kIds, 1, &error));
  tlite_evaluator_free(evaluator);
  tlite_model_free(model);
}
