"""Poems about machine learning, written for this project; `topic` is what a prompt asks for."""

from __future__ import annotations

POEMS_RU: dict[str, str] = {
    "обучение": (
        "Сперва модель совсем не знала,\n"
        "Где в данных прячется ответ,\n"
        "Но ошибалась и читала —\n"
        "И вот в потёмках виден свет.\n"
        "\n"
        "Слова и знаки встали рядом,\n"
        "Ошибка тает, словно лёд,\n"
        "И под твоим спокойным взглядом\n"
        "Из чисел речь сама растёт."
    ),
    "машина": (
        "Учись, машина, день за днём:\n"
        "Мы вместе к истине придём.\n"
        "Твой первый слой узнает звук,\n"
        "Последний — скажет слово «друг»."
    ),
    "нейросеть": (
        "Нейросеть читать берётся,\n"
        "Учит буквы, учит счёт.\n"
        "Если где-то ошибётся —\n"
        "Вес поправит и поймёт."
    ),
    "градиент": (
        "Туман, гора, и путь неясен,\n"
        "Но градиент укажет вниз.\n"
        "Спокойный шаг всегда прекрасен,\n"
        "А минимум — наш главный приз."
    ),
    "данные": (
        "Дай модели много данных —\n"
        "Чистых, ясных, разных, странных, —\n"
        "И она, набравшись сил,\n"
        "Объяснит, что ты просил."
    ),
    "две строки": "Модель читала день и ночь —\nТеперь готова вам помочь.",
}

POEMS_EN: dict[str, str] = {
    "learning": (
        "I read a million lines by night,\n"
        "I guessed them wrong, I guessed them right,\n"
        "And step by step, with every clue,\n"
        "I learned to say a word to you."
    ),
    "model": (
        "The loss was high, the model small,\n"
        "It hardly knew a thing at all.\n"
        "We showed it data, row by row,\n"
        "And watched the quiet pattern grow."
    ),
    "gradient": (
        "Go down the hill, but take it slow,\n"
        "The gradient says which way to go.\n"
        "A little step, and then one more,\n"
        "Until you reach the valley floor."
    ),
    "network": (
        "A neuron fires, a signal flows,\n"
        "Through layer after layer it goes,\n"
        "And what was noise along the way\n"
        "Becomes the words I want to say."
    ),
}
