#include "line_editor.hpp"

#include "output.hpp"

#include <cstdlib>
#include <filesystem>
#include <iostream>

#ifdef TLITE_CLI_LIBEDIT
#include <csignal>
#include <cstdio>

#include <histedit.h>
#endif

namespace cli {
namespace {

// Prompts a terminal; in a pipe the lines alone are read.
class PlainEditor final : public LineEditor {
 public:
  LineResult read(const std::string& prompt, std::string& line) override {
    if (is_terminal_input()) std::cout << prompt << std::flush;
    if (!std::getline(std::cin, line)) return LineResult::end;
    if (line.ends_with('\r')) line.pop_back();
    return LineResult::line;
  }
};

#ifdef TLITE_CLI_LIBEDIT

// ${XDG_STATE_HOME:-~/.local/state}/tlite/history, or empty where there is no home.
std::string history_path() {
  const char* const state = std::getenv("XDG_STATE_HOME");
  const char* const home = std::getenv("HOME");
  std::filesystem::path folder;
  if (state != nullptr && *state != '\0') {
    folder = state;
  } else if (home != nullptr && *home != '\0') {
    folder = std::filesystem::path(home) / ".local" / "state";
  } else {
    return {};
  }
  folder /= "tlite";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  return error ? std::string() : (folder / "history").string();
}

class EditedLines final : public LineEditor {
 public:
  EditedLines() : editor_(::el_init("tlite", stdin, stdout, stderr)), history_(::history_init()) {
    if (editor_ == nullptr || history_ == nullptr) throw std::bad_alloc();
    ::el_set(editor_, EL_CLIENTDATA, this);
    ::el_set(editor_, EL_PROMPT, &EditedLines::prompt);
    ::el_set(editor_, EL_EDITOR, "emacs");
    ::el_set(editor_, EL_HIST, ::history, history_);
    // While a line is edited, Ctrl-C is a key: it gives the line up and the program stays.
    ::el_set(editor_, EL_SETTY, "-d", "-isig", nullptr);
    ::el_set(editor_, EL_ADDFN, "tlite-give-up", "give the line up", &EditedLines::give_up);
    ::el_set(editor_, EL_BIND, "^C", "tlite-give-up", nullptr);
    ::el_set(editor_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    // Between an answer and the next prompt the key is a signal again: one Ctrl-C too many, as an
    // answer ends, must not end the program.
    before_ = std::signal(SIGINT, SIG_IGN);
    HistEvent event;
    ::history(history_, &event, H_SETSIZE, kHistoryLines);
    ::history(history_, &event, H_SETUNIQUE, 1);
    if (!path_.empty()) ::history(history_, &event, H_LOAD, path_.c_str());
  }

  ~EditedLines() override {
    HistEvent event;
    if (!path_.empty()) ::history(history_, &event, H_SAVE, path_.c_str());
    ::history_end(history_);
    ::el_end(editor_);
    std::signal(SIGINT, before_);
  }
  EditedLines(const EditedLines&) = delete;
  EditedLines& operator=(const EditedLines&) = delete;

  LineResult read(const std::string& prompt, std::string& line) override {
    prompt_ = prompt;
    given_up_ = false;
    // el_gets shows the prompt first and takes the terminal over afterwards: what is typed between
    // the two would still be the terminal's to interpret. So take it over before the prompt.
    ::el_set(editor_, EL_PREP_TERM, 1);
    int count = 0;
    const char* const text = ::el_gets(editor_, &count);
    if (given_up_) {
      std::cout << "\n" << std::flush;
      return LineResult::interrupted;
    }
    if (text == nullptr || count <= 0) {
      std::cout << "\n" << std::flush;
      return LineResult::end;
    }
    line.assign(text, static_cast<std::size_t>(count));
    HistEvent event;
    if (line.find_first_not_of(" \n") != std::string::npos) {
      ::history(history_, &event, H_ENTER, line.c_str());
    }
    if (line.ends_with('\n')) line.pop_back();
    return LineResult::line;
  }

 private:
  static constexpr int kHistoryLines = 1000;

  static EditedLines& self(EditLine* editor) {
    void* data = nullptr;
    ::el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<EditedLines*>(data);
  }
  static char* prompt(EditLine* editor) { return self(editor).prompt_.data(); }
  static unsigned char give_up(EditLine* editor, int /*key*/) {
    self(editor).given_up_ = true;
    return CC_EOF;
  }

  EditLine* editor_;
  History* history_;
  std::string path_ = history_path();
  std::string prompt_;
  bool given_up_ = false;
  void (*before_)(int) = SIG_DFL;
};

#endif

}  // namespace

std::unique_ptr<LineEditor> make_line_editor() {
#ifdef TLITE_CLI_LIBEDIT
  if (is_terminal_input() && is_terminal_output()) return std::make_unique<EditedLines>();
#endif
  return std::make_unique<PlainEditor>();
}

}  // namespace cli
