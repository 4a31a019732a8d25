// One turn: what was said, how it ended, what it cost, and what can be done with it.
#pragma once

#include "../conversation/conversation.hpp"
#include "answer_text.hpp"
#include "elided_label.hpp"
#include "icon_button.hpp"
#include "token_view.hpp"
#include "turn_editor.hpp"

#include <QFrame>
#include <QLabel>
#include <QPushButton>
#include <QStringList>
#include <QTimer>
#include <QWidget>

namespace desktop {

class TurnView : public QWidget {
  Q_OBJECT

 public:
  // `branches`: the turn and its siblings. `overlay`: what a card of alternatives may lie over.
  TurnView(const Turn& turn, const QStringList& branches, QWidget* overlay);

  const QString& id() const { return turn_.id; }
  const QStringList& branches() const { return branches_; }
  // Of an answer that grows; shown some 25 times a second, however fast it comes.
  void set_turn(const Turn& turn);
  void set_branches(const QStringList& branches);
  // While an answer runs nothing is changed.
  void set_busy(bool busy);

 signals:
  void edited(const QString& turn, const QString& content);
  void regenerated(const QString& turn);
  void branch_selected(const QString& turn);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void build_user();
  void build_assistant();
  void build_thought();
  void build_actions();
  void refresh();
  void refresh_ending();
  void refresh_actions();
  void show_text();
  void begin_edit();
  void end_edit();
  void show_tokens(bool shown);
  void go(int by);

  Turn turn_;
  QStringList branches_;
  QWidget* overlay_;
  bool busy_ = false;
  QTimer refresh_timer_;

  QWidget* body_ = nullptr;  // what the editor or the tokens take the place of
  QLabel* bubble_ = nullptr;
  QPushButton* thought_button_ = nullptr;
  AnswerText* thought_ = nullptr;
  AnswerText* text_ = nullptr;
  QLabel* waiting_ = nullptr;
  QFrame* failure_ = nullptr;
  QLabel* failure_text_ = nullptr;
  QPushButton* again_ = nullptr;
  QLabel* ending_ = nullptr;
  TurnEditor* editor_ = nullptr;
  TokenView* token_view_ = nullptr;

  QWidget* actions_ = nullptr;
  IconButton* previous_ = nullptr;
  QLabel* branch_label_ = nullptr;
  IconButton* next_ = nullptr;
  IconButton* copy_ = nullptr;
  IconButton* edit_ = nullptr;
  IconButton* regenerate_ = nullptr;
  IconButton* tokens_ = nullptr;
  ElidedLabel* figures_ = nullptr;
};

}  // namespace desktop
