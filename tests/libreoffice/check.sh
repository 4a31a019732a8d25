#!/usr/bin/env bash
# The extension for LibreOffice in a real office: without windows, and with them on a virtual screen.
#
#   check.sh LIBRARY [TEST...]     e.g. test_commands, or test_places.Places.test_a_header
#
# UNO is a module of the system's Python.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
TLITE_LIBRARY=$(realpath "$1")
export TLITE_LIBRARY
export PYTHONPATH=tests/libreoffice:tests/screen:examples/libreoffice/extension/pythonpath:bindings/python/src:bindings/python/tests
export PYTHONDONTWRITEBYTECODE=1
shift
tests=("$@")
[ ${#tests[@]} -gt 0 ] || tests=(test_commands test_places test_running test_window)
exec /usr/bin/python3 -X faulthandler -m unittest "${tests[@]}"
