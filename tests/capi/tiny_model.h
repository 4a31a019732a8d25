/* A checkpoint of random weights, small enough to be made anew for each test: 2 layers, a
 * vocabulary of the 256 bytes, a few merges and ChatML's special tokens. It is built in memory, in
 * the layout of a Hugging Face directory. */
#ifndef TLITE_TESTS_CAPI_TINY_MODEL_H
#define TLITE_TESTS_CAPI_TINY_MODEL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  TINY_END_OF_TEXT = 260, /* <|endoftext|> */
  TINY_IM_START = 261,
  TINY_IM_END = 262,
  TINY_VOCABULARY = 263, /* of the tokenizer */
  TINY_VOCAB_SIZE = 272  /* of the embedding table */
};

typedef struct tiny_file {
  const char* name;
  const char* data;
  size_t size;
} tiny_file;

/* The files, `*count` of them; the same at each call. Not for several threads the first time. */
const tiny_file* tiny_model_files(size_t* count);

/* Writes them below `directory`, which is made. 0 on failure. */
int tiny_model_write(const char* directory);

#ifdef __cplusplus
}
#endif

#endif
