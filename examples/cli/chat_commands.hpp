// A conversation on the terminal: the session, what /commands do with it, and how answers stream.
#pragma once

#include <string>
#include <string_view>

#include <tlite/tlite.hpp>

namespace cli {

class Conversation {
 public:
  Conversation(tlite::Session& session, std::string system);

  // One line of the user: a /command or a message. False: the user wants to leave.
  bool handle(const std::string& line);

 private:
  void command(std::string_view name, const std::string& argument);
  void say(const std::string& text);
  void regenerate();
  void reset();
  void save(const std::string& path);
  void load(const std::string& path);
  void set_system(const std::string& text);
  void show_stats() const;
  void answer(bool again);

  tlite::Session& session_;
  std::string system_;
  tlite::Generation last_;
  double prefill_seconds_ = 0, decode_seconds_ = 0;
  std::size_t prefilled_ = 0, decoded_ = 0;
  bool leave_ = false;
};

}  // namespace cli
