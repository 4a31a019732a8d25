// Pictures of the window in its states, themes, languages and widths: to look at, not to compare.
#include "driver.hpp"
#include "tests.hpp"

#include <QDialog>
#include <QDir>
#include <QToolButton>

#include <text/texts.hpp>
#include <view/token_view.hpp>

namespace desktop_test {
namespace {

using namespace desktop;

constexpr const char* kProse = R"(# Машинное обучение

Это **раздел** информатики, в котором *программы* учатся на `данных`. См. [страницу](https://example.org/ml).
Строка стиха,
и ещё одна.

1. Собрать данные;
2. выбрать модель:
   - линейную,
   - ~~старую~~ нейронную;

3. обучить:

```python
def loss(y, p):
    return -(y * log(p)).sum()
```

4. проверить.

- [x] сделано
- [ ] осталось

> Все модели неверны,
> но некоторые полезны.
> > Дж. Бокс

| Модель | Точность | Время, с |
|:-------|:--------:|---------:|
| A      | 0,91     | 12       |
| Б      | **0,95** | 140      |

---

![график](https://example.org/plot.png) и $E = mc^2$.
)";

// Where pictures go, and what of the window they show.
class Camera {
 public:
  Camera(const QString& folder, const QString& suffix) : folder_(folder), suffix_(suffix) {
    QDir().mkpath(folder);
  }

  void take(QWidget& widget, const char* name) const {
    QTest::qWait(250);
    widget.grab().save(folder_ + "/" + name + "-" + suffix_ + ".png");
  }

 private:
  QString folder_;
  QString suffix_;
};

void fill(Driver& driver) {
  driver.set(kSeed, 7);
  driver.ask(QString::fromUtf8("Напиши стих про машинное обучение"));
  driver.chats().regenerate(driver.last().id);
  driver.wait_for_answers();
  driver.ask(QString::fromUtf8("Что это такое?"));
  driver.chats().edit(driver.last().id, QString::fromUtf8(kProse));
}

void show_dialogs(Driver& driver, const Camera& camera) {
  for (const char* const path : {TLITE_TEST_MODEL, "/no/such/model.gguf"}) {
    driver.window().open_model(path);
    auto* const dialog = driver.find<QDialog>("model_dialog");
    QTest::qWait(900);
    camera.take(*dialog, path[1] == 'n' ? "error" : "dialog");
    dialog->reject();
    QTest::qWait(50);
  }
}

void show_tokens(Driver& driver, const Camera& camera) {
  driver.chats().start_new();
  driver.ask(QString::fromUtf8("Привет!"));
  driver.find_in<QToolButton>(driver.last_turn(), "show_tokens")->click();
  auto* const text = driver.find_in<TokenText>(driver.last_turn(), "token_text");
  QTest::qWait(100);
  text->set_current(2);
  driver.window().notice().tell(
      say(Text::not_saved, QString("/home/you/talk.json: No space left on device")));
  camera.take(driver.window(), "tokens");
}

void take_all(const Camera& camera, bool narrow) {
  Driver driver;
  if (narrow) driver.window().resize(480, 780);
  camera.take(driver.window(), "welcome");
  show_dialogs(driver, camera);
  driver.load();
  fill(driver);
  camera.take(driver.window(), "talk");
  driver.find<QToolButton>("toggle_settings")->click();
  camera.take(driver.window(), "settings");
  driver.find<QToolButton>("toggle_settings")->click();
  if (narrow) {
    driver.find<QToolButton>("toggle_list")->click();
    camera.take(driver.window(), "list");
    driver.find<QToolButton>("toggle_list")->click();
  }
  show_tokens(driver, camera);
}

}  // namespace

int take_screenshots(const QString& folder) {
  for (const Theme theme : {Theme::light, Theme::dark}) {
    for (const Language chosen : {Language::ru, Language::en}) {
      for (const bool narrow : {false, true}) {
        set_language(chosen);
        Driver::set_theme(theme);
        const QString suffix = QString(theme == Theme::dark ? "dark" : "light") +
                               (chosen == Language::ru ? "-ru" : "-en") +
                               (narrow ? "-narrow" : "-wide");
        take_all(Camera(folder, suffix), narrow);
      }
    }
  }
  return 0;
}

}  // namespace desktop_test
