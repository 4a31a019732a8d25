#include "runtime/turns.hpp"

#include <string>

#include <doctest/doctest.h>

namespace tlite {

namespace {

std::vector<Message> conversation(std::string_view roles) {
  std::vector<Message> messages;
  for (const char c : roles) {
    const char* role = c == 's' ? "system" : c == 'u' ? "user" : c == 't' ? "tool" : "assistant";
    messages.push_back({role, std::string(1, c)});
  }
  return messages;
}

std::string roles_of(const std::vector<Message>& messages) {
  std::string roles;
  for (const Message& message : messages) roles += message.content;
  return roles;
}

}  // namespace

TEST_CASE("runtime/turns: the oldest turn goes as a whole, system and last turn stay") {
  struct Row {
    std::string before, after;
  };
  for (const Row& row :
       {Row{"suauau", "suau"}, Row{"uau", "u"}, Row{"suatatau", "su"}, Row{"sauau", "suau"},
        Row{"ssuau", "ssu"}, Row{"uuu", "uu"}, Row{"su", "su"}, Row{"suata", "suata"},
        Row{"s", "s"}, Row{"", ""}, Row{"suasu", "ssu"}, Row{"ssusasuau", "ssssuau"},
        Row{"uasu", "su"}, Row{"usau", "su"}, Row{"usua", "sua"}}) {
    std::vector<Message> messages = conversation(row.before);
    CHECK(drop_oldest_turn(messages) == row.before.size() - row.after.size());
    CHECK(roles_of(messages) == row.after);
  }
}

}  // namespace tlite
