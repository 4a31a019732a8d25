/* Structures of this version, of older and newer ones, and of none. */
#include "check.h"

#include <stdint.h>
#include <string.h>

typedef tlite_status (*init_function)(void* structure, size_t size);

#define INIT(type)                                                \
  static tlite_status init_##type(void* structure, size_t size) { \
    return tlite_##type##_init((tlite_##type*)structure, size);   \
  }
INIT(host_options)
INIT(encode_options)
INIT(decode_options)
INIT(message)
INIT(template_options)
INIT(sampling_params)
INIT(plan_options)
INIT(memory_plan)
INIT(load_options)
INIT(quantize_options)
INIT(importance_options)
INIT(evaluator_options)
INIT(session_options)
INIT(engine_options)
INIT(request_options)
INIT(beam_options)
INIT(beam)
INIT(engine_status)

static const struct {
  const char* name;
  init_function init;
  size_t size;
} structures[] = {
    {"host_options", init_host_options, sizeof(tlite_host_options)},
    {"encode_options", init_encode_options, sizeof(tlite_encode_options)},
    {"decode_options", init_decode_options, sizeof(tlite_decode_options)},
    {"message", init_message, sizeof(tlite_message)},
    {"template_options", init_template_options, sizeof(tlite_template_options)},
    {"sampling_params", init_sampling_params, sizeof(tlite_sampling_params)},
    {"plan_options", init_plan_options, sizeof(tlite_plan_options)},
    {"memory_plan", init_memory_plan, sizeof(tlite_memory_plan)},
    {"load_options", init_load_options, sizeof(tlite_load_options)},
    {"quantize_options", init_quantize_options, sizeof(tlite_quantize_options)},
    {"importance_options", init_importance_options, sizeof(tlite_importance_options)},
    {"evaluator_options", init_evaluator_options, sizeof(tlite_evaluator_options)},
    {"session_options", init_session_options, sizeof(tlite_session_options)},
    {"engine_options", init_engine_options, sizeof(tlite_engine_options)},
    {"request_options", init_request_options, sizeof(tlite_request_options)},
    {"beam_options", init_beam_options, sizeof(tlite_beam_options)},
    {"beam", init_beam, sizeof(tlite_beam)},
    {"engine_status", init_engine_status, sizeof(tlite_engine_status)},
};

/* Larger than any structure may be, aligned for all of them. */
typedef union room {
  char bytes[5000];
  uint64_t words[625];
  void* pointer;
} room;

static uint32_t struct_size_of(const room* structure) {
  uint32_t size = 0;
  memcpy(&size, structure->bytes, sizeof size);
  return size;
}

TEST(init, "capi/structs: init fills exactly the size given, and sets struct_size to it") {
  for (size_t i = 0; i < LENGTH(structures); ++i) {
    const size_t sizes[] = {structures[i].size, structures[i].size + 8, 4096};
    for (size_t j = 0; j < LENGTH(sizes); ++j) {
      room structure;
      memset(&structure, 0xAB, sizeof structure);
      CHECK(structures[i].init(&structure, sizes[j]) == TLITE_OK);
      CHECK(struct_size_of(&structure) == sizes[j]);
      CHECK((unsigned char)structure.bytes[sizes[j]] == 0xAB);
      for (size_t k = structures[i].size; k < sizes[j]; ++k) CHECK(structure.bytes[k] == 0);
    }
  }
}

TEST(init_errors, "capi/structs: init refuses NULL and sizes that no version had") {
  for (size_t i = 0; i < LENGTH(structures); ++i) {
    const size_t sizes[] = {0, 1, 4, structures[i].size - 1, 4097, SIZE_MAX};
    CHECK(structures[i].init(NULL, structures[i].size) == TLITE_ERROR_INVALID_ARGUMENT);
    for (size_t j = 0; j < LENGTH(sizes); ++j) {
      room structure;
      memset(&structure, 0xAB, sizeof structure);
      CHECK(structures[i].init(&structure, sizes[j]) == TLITE_ERROR_INVALID_ARGUMENT);
      CHECK((unsigned char)structure.bytes[0] == 0xAB);
    }
  }
}

TEST(defaults, "capi/structs: the defaults are those of the documentation") {
  tlite_sampling_params sampling;
  CHECK(tlite_sampling_params_init(&sampling, sizeof sampling) == TLITE_OK);
  CHECK(sampling.temperature == 1 && sampling.top_k == 0 && sampling.top_p == 1);
  CHECK(sampling.has_seed == 0 && sampling.repetition_penalty == 1);
  CHECK(sampling.max_new_tokens == -1 && sampling.logprobs == -1 && sampling.stop_count == 0);
  tlite_session_options session;
  CHECK(tlite_session_options_init(&session, sizeof session) == TLITE_OK);
  CHECK(session.context == 4096 && session.threads == TLITE_UNSET && session.max_batch_rows == 512);
  CHECK(session.kv_type == TLITE_DATA_TYPE_AUTO && session.overflow == TLITE_OVERFLOW_STOP);
  CHECK(session.parse_special_in_messages == 0 && session.tools_json.size == 0);
  tlite_evaluator_options evaluator;
  CHECK(tlite_evaluator_options_init(&evaluator, sizeof evaluator) == TLITE_OK);
  CHECK(evaluator.context == 4096 && evaluator.max_sequences == 64);
  CHECK(evaluator.max_batch_rows == 512 && evaluator.max_logits_rows == 64);
  CHECK(evaluator.max_hidden_rows == 0);
  tlite_encode_options encode;
  CHECK(tlite_encode_options_init(&encode, sizeof encode) == TLITE_OK);
  CHECK(encode.parse_special == 1);
  CHECK(sampling.forced_bos_token_id == TLITE_UNSET && sampling.length_decay_start == TLITE_UNSET);
  tlite_load_options load;
  CHECK(tlite_load_options_init(&load, sizeof load) == TLITE_OK);
  CHECK(load.weights == TLITE_WEIGHT_MIX_AS_STORED && load.read_into_memory == 0);
  tlite_plan_options plan;
  CHECK(tlite_plan_options_init(&plan, sizeof plan) == TLITE_OK);
  CHECK(plan.weights == TLITE_WEIGHT_MIX_AS_STORED && plan.threads == TLITE_UNSET);
  CHECK(plan.max_sequences == 1 && plan.max_logits_rows == 1 && plan.context == 4096);
  CHECK(plan.max_hidden_rows == 0);
  tlite_engine_options engine;
  CHECK(tlite_engine_options_init(&engine, sizeof engine) == TLITE_OK);
  CHECK(engine.embeddings == 1);
  tlite_request_options request;
  CHECK(tlite_request_options_init(&request, sizeof request) == TLITE_OK);
  CHECK(request.pooling == TLITE_POOLING_NONE && request.normalize == 1);
}

/* What a function that reads tlite_sampling_params answers for one of `size` bytes, of which the
 * last is `last`. */
static tlite_status validate_of_size(size_t size, char last, tlite_error** error) {
  room structure;
  memset(&structure, 0, sizeof structure);
  tlite_sampling_params_init((tlite_sampling_params*)&structure, sizeof(tlite_sampling_params));
  const uint32_t claimed = (uint32_t)size;
  memcpy(structure.bytes, &claimed, sizeof claimed);
  if (size > sizeof(tlite_sampling_params) && size <= sizeof structure) {
    structure.bytes[size - 1] = last;
  }
  return tlite_sampling_params_validate((tlite_sampling_params*)&structure, 100, error);
}

TEST(reading, "capi/structs: a newer structure is read when what is new in it is zero") {
  const size_t size = sizeof(tlite_sampling_params);
  CHECK_OK(validate_of_size(size, 0, &error));
  CHECK_OK(validate_of_size(size + 8, 0, &error));
  CHECK_OK(validate_of_size(4096, 0, &error));
  CHECK_ERROR(validate_of_size(size + 8, 1, &error), TLITE_ERROR_NOT_SUPPORTED, "last 8 of the");
  CHECK_ERROR(validate_of_size(4096, 1, &error), TLITE_ERROR_NOT_SUPPORTED, "not supported");
}

TEST(reading_garbage, "capi/structs: a struct_size that no version had is an error") {
  const size_t sizes[] = {0, 1, 4, 8, sizeof(tlite_sampling_params) - 1, 4097, 0xFFFFFFFFU};
  for (size_t i = 0; i < LENGTH(sizes); ++i) {
    CHECK_ERROR(validate_of_size(sizes[i], 0, &error), TLITE_ERROR_INVALID_ARGUMENT,
                "was the structure initialised?");
  }
}

TEST(writing, "capi/structs: an out structure is filled as far as its struct_size says") {
  room structure;
  memset(&structure, 0xAB, sizeof structure);
  const uint32_t size = sizeof(tlite_sampling_params) + 16;
  memcpy(structure.bytes, &size, sizeof size);
  tlite_sampling_params* const params = (tlite_sampling_params*)&structure;
  CHECK_OK(tlite_sampling_params_get_preset("greedy", TLITE_NUL, params, &error));
  CHECK(params->struct_size == size && params->temperature == 0);
  CHECK(structure.bytes[size - 1] == 0 && (unsigned char)structure.bytes[size] == 0xAB);

  params->struct_size = 0;
  params->temperature = 5;
  CHECK_ERROR(tlite_sampling_params_get_preset("greedy", TLITE_NUL, params, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "struct_size is 0");
  CHECK(params->temperature == 5);
}
