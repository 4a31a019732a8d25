// tlite: the command line of libtlite. A guest of the public API like any other program.
//
// Exit status: 0 done, 1 an error (one line on stderr), 2 the command was not understood,
// 130 stopped by Ctrl-C.
#include "commands.hpp"
#include "interrupt.hpp"
#include "output.hpp"

#include <clocale>
#include <exception>
#include <iostream>
#include <new>
#include <string>

#include <tlite/tlite.hpp>

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

int fail(const std::string& message, int status) {
  std::cout.flush();
  std::cerr << "tlite: " << cli::one_line(message) << "\n";
  return status;
}

int run(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    cli::finish_output();
    return 0;
  } catch (const CLI::ParseError& error) {
    // Asked for help or the version: printed on stdout, status 0.
    if (error.get_exit_code() == 0) return app.exit(error);
    return fail(std::string(error.what()) + " (see --help)", kUsage);
  } catch (const cli::Interrupted&) {
    return fail("interrupted", cli::kInterruptedStatus);
  } catch (const std::bad_alloc&) {
    return fail("out of memory", kFailed);
  } catch (const std::exception& error) {
    return fail(error.what(), kFailed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  // The terminal's character set, for line editing; UTF-8 where the environment names none.
  if (std::setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) {
    std::setlocale(LC_CTYPE, "C.UTF-8");
  }
  CLI::App app("Runs T-lite-it-1.0 and the Qwen2.5 family.", "tlite");
  app.set_version_flag("--version", std::string(tlite::version()));
  app.require_subcommand(1);
  cli::add_info(app);
  cli::add_tokenize(app);
  cli::add_detokenize(app);
  cli::add_template(app);
  cli::add_logits(app);
  cli::add_perplexity(app);
  cli::add_imatrix(app);
  cli::add_quantize(app);
  cli::add_generate(app);
  cli::add_chat(app);
  cli::add_batch(app);
  cli::add_embed(app);
  cli::add_bench(app);
  return run(app, argc, argv);
}
