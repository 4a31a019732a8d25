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

static tlite_session* session = NULL;

/* A handler may cancel, and it works within milliseconds, in the middle of a long prompt too. */
static void stop(int signal_number) {
  (void)signal_number;
  tlite_session_cancel(session);
}

/* Prints an error, frees it, and says whether there was one. */
static int failed(tlite_status status, tlite_error* error) {
  if (status == TLITE_OK) return 0;
  fprintf(stderr, "chat: %s\n", tlite_error_message(error, NULL));
  tlite_error_free(error);
  return 1;
}

/* Streams one answer to stdout. */
static tlite_status answer(tlite_error** error) {
  tlite_stream* stream = NULL;
  const tlite_piece* piece = NULL;
  tlite_generation* result = NULL;
  tlite_status status = tlite_session_stream(session, &stream, error);
  while (status == TLITE_OK) {
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
  tlite_stream_free(stream);
  return status;
}

int main(int argc, char** argv) {
  tlite_model* model = NULL;
  tlite_error* error = NULL;
  char line[4096];
  int exit_code = 1;

  if (argc != 2) {
    fprintf(stderr, "usage: chat MODEL-DIRECTORY\n");
    return 2;
  }
  if (failed(tlite_check_abi(TLITE_ABI_VERSION, &error), error)) return 1;
  if (failed(tlite_model_load(NULL, argv[1], TLITE_NUL, NULL, &model, &error), error)) goto done;
  if (failed(tlite_session_create(model, NULL, &session, &error), error)) goto done;

  signal(SIGINT, stop);
  while (printf("> "), fflush(stdout), fgets(line, sizeof line, stdin) != NULL) {
    tlite_session_clear_cancel(session); /* a Ctrl-C from before the question */
    if (failed(tlite_session_add_user(session, line, strcspn(line, "\n"), &error), error)) break;
    if (failed(answer(&error), error)) break;
  }
  exit_code = feof(stdin) ? 0 : 1;

done:
  signal(SIGINT, SIG_DFL);
  tlite_session_free(session);
  tlite_model_free(model);
  return exit_code;
}
