// The window's parts side by side; in a narrow window the panels lie over the talk, one at a time.
#pragma once

#include <QWidget>

namespace desktop {

class Panels : public QWidget {
  Q_OBJECT

 public:
  Panels(QWidget* left, QWidget* middle, QWidget* right, QWidget* parent = nullptr);

  bool is_narrow() const { return narrow_; }
  // A panel lies over the talk.
  bool is_covered() const;
  void toggle(QWidget* panel);
  void close_covering();

 signals:
  void arranged();

 protected:
  void resizeEvent(QResizeEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void arrange();

  QWidget* left_;
  QWidget* middle_;
  QWidget* right_;
  QWidget* scrim_;
  bool left_open_ = true;
  bool right_open_ = false;
  bool narrow_ = false;
};

}  // namespace desktop
