/* A conversation with a model, in C: read a line, stream the answer, repeat.
 *
 *   cc chat.c $(pkg-config --cflags --libs tlite-c) -o chat && ./chat MODEL-DIRECTORY
 *
 * Ctrl-C stops the answer, Ctrl-D ends the program. Pieces are pulled, so the loop stays yours; see
 * tlite_session_reply in tlite.h for the form with a callback.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <tlite.h>

static volatile sig_atomic_t stop_asked = 0;

static void ask_to_stop(int signal_number) {
  (void)signal_number;
  stop_asked = 1;
}

/* Long prompts take a while to read: Ctrl-C works there too. */
static int32_t on_prefill(int64_t done, int64_t total, void* user) {
  (void)done;
  (void)total;
  (void)user;
  return stop_asked;
}

/* Prints an error, frees it, and says whether there was one. */
static int failed(tlite_status status, tlite_error* error) {
  if (status == TLITE_OK) return 0;
  fprintf(stderr, "chat: %s\n", tlite_error_message(error, NULL));
  tlite_error_free(error);
  return 1;
}

/* Streams one answer to stdout. */
static tlite_status answer(tlite_session* session, tlite_error** error) {
  tlite_stream* stream = NULL;
  const tlite_piece* piece = NULL;
  tlite_generation* result = NULL;
  tlite_status status = tlite_session_stream(session, &stream, error);
  while (status == TLITE_OK && !stop_asked) {
    status = tlite_stream_next(stream, &piece, error);
    if (status != TLITE_OK || piece == NULL) break;
    fwrite(piece->text.data, 1, piece->text.size, stdout);
    fflush(stdout);
  }
  if (status == TLITE_OK) status = tlite_stream_get_result(stream, &result, error);
  if (status == TLITE_OK) {
    printf("\n[%s: %zu tokens in %.2f s after %.2f s for the prompt]\n",
           tlite_finish_reason_name(result->finish_reason), result->token_count,
           result->decode_seconds, result->prefill_seconds);
  }
  tlite_generation_free(result);
  tlite_stream_free(stream); /* an answer that was stopped ends here, and stays in the session */
  return status;
}

int main(int argc, char** argv) {
  tlite_model* model = NULL;
  tlite_session* session = NULL;
  tlite_error* error = NULL;
  char line[4096];
  int exit_code = 1;

  if (argc != 2) {
    fprintf(stderr, "usage: chat MODEL-DIRECTORY\n");
    return 2;
  }
  if (tlite_abi_version() >> 16 != TLITE_ABI_VERSION >> 16 ||
      tlite_abi_version() < TLITE_ABI_VERSION) {
    fprintf(stderr, "chat: libtlite_c %s has ABI %u, and this program needs %u\n", tlite_version(),
            (unsigned)tlite_abi_version(), (unsigned)TLITE_ABI_VERSION);
    return 1;
  }
  if (failed(tlite_model_load(NULL, argv[1], TLITE_NUL, NULL, &model, &error), error)) goto done;
  if (failed(tlite_session_create(model, NULL, &session, &error), error)) goto done;
  if (failed(tlite_session_on_prefill(session, on_prefill, NULL, &error), error)) goto done;

  signal(SIGINT, ask_to_stop);
  while (printf("> "), fflush(stdout), fgets(line, sizeof line, stdin) != NULL) {
    stop_asked = 0;
    if (failed(tlite_session_add_user(session, line, strcspn(line, "\n"), &error), error)) break;
    if (failed(answer(session, &error), error)) break;
  }
  exit_code = feof(stdin) ? 0 : 1;

done:
  tlite_session_free(session);
  tlite_model_free(model);
  return exit_code;
}
