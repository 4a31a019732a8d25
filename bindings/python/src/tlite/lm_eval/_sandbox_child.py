"""What runs in the sandbox's process: shuts doors behind itself, then runs the program.

Started by sandbox.py as a file of its own, with the standard library alone. Gets a JSON object on
stdin and answers with one on the file descriptor that it names.
"""

import ctypes
import json
import os
import resource
import signal
import sys

# user, network, inter-process communication, process ids
_NAMESPACES = 0x10000000 | 0x40000000 | 0x08000000 | 0x20000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38


def _limit(kind: int, most: int) -> None:
    """Below what the system allows already."""
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(kind, (most, most))


def _isolate() -> bool:
    """Namespaces without a network and other processes; False where the kernel gives none.

    With them the program is the first process of its own, and all others there end with it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    isolated: bool = libc.unshare(_NAMESPACES) == 0
    if isolated:
        first = os.fork()
        if first:
            os.waitpid(first, 0)
            os._exit(0)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return isolated


def main() -> None:
    """Runs the program, and says how it ended."""
    given = json.loads(sys.stdin.buffer.read())
    isolated = _isolate()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, given["seconds"] + 1)
    _limit(resource.RLIMIT_AS, given["memory"])
    _limit(resource.RLIMIT_FSIZE, given["file_size"])
    _limit(resource.RLIMIT_NOFILE, 64)
    _limit(resource.RLIMIT_NPROC, 0)  # no process and no thread more
    answer = {"secret": given["secret"], "isolated": isolated, "error": None}
    descriptor = given["answer"]
    source = given["program"]
    del given
    try:
        exec(compile(source, "program.py", "exec"), {"__name__": "__main__"})
    except MemoryError:
        answer["error"] = "MemoryError"
    except BaseException as error:  # SystemExit too: the end was not reached
        answer["error"] = f"{type(error).__name__}: {error}"[:500]
    os.write(descriptor, json.dumps(answer).encode())
    os._exit(0)


main()
