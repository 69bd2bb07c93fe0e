"""An audit in a process of its own: whatever the model's code does to it, its end is one clear line. Knows no torch.

The child runs the same command line and writes to the same streams. Through a pipe it says that it has finished, so
that a model whose code ends the process cannot be taken for a clean audit; its last words say where it stood.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import re
import select
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gnet_audit.errors import ExitStatus, TargetError, UnavailableError
from gnet_audit.live.limits import MARK, Limits, hold_memory, is_child, size_text

CODE = "import sys; sys.path[:] = {path!r}; from gnet_audit.cli import main; sys.exit(main())"
DUMP = getattr(signal, "SIGUSR2", None)
"""Upon it a child says where it stands, also in the midst of a C function."""
MOMENT = 0.05
GRACE = 5.0
"""Seconds that an interrupted child has to end by itself."""
WHOLE = "an audit that comes to its end"
PARTING = 1.0
"""Seconds that a child which has finished has to tidy up, threads of the model may never end; or to say where it is."""
_FRAME = re.compile(r'^  File "(.+)", line (\d+) in ', re.MULTILINE)


def settle(limits: Limits) -> None:
    """As the child: tell the parent where we stand if we crash or are asked, end with it, hold the limit of memory."""
    pipe = int(sys._xoptions[MARK])  # noqa: SLF001
    os.set_inheritable(pipe, False)  # noqa: FBT003 - no child of the model's keeps it open
    faulthandler.enable(file=pipe)
    if DUMP is not None:
        faulthandler.register(DUMP, file=pipe)
    _end_with_parent()
    if limits.memory is not None:
        hold_memory(limits.memory)


def finished(status: int) -> None:
    """As the child: everything is written, and this is the exit status."""
    if is_child():
        with contextlib.suppress(OSError):
            os.write(int(sys._xoptions[MARK]), f"\nfinished {int(status)}\n".encode())  # noqa: SLF001


def _end_with_parent() -> None:
    """Where the system can: a parent that is killed leaves no audit behind."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def run(words: Sequence[str], limits: Limits) -> ExitStatus:
    """As the parent: run the command line in a child; a TargetError where it does not come to its end."""
    if os.name != "posix":
        raise UnavailableError("no isolation on this operating system", where="--isolate", expected="Linux or macOS")
    with _child(words) as (child, pipe):
        try:
            return _followed(child, pipe, limits)
        except KeyboardInterrupt:
            return _interrupted(child, pipe)


def _followed(child: subprocess.Popen[bytes], pipe: int, limits: Limits) -> ExitStatus:
    """The child's own end, however it ends."""
    end = time.monotonic() + limits.seconds if limits.seconds is not None else float("inf")
    heard = b""
    while True:
        heard += _heard(pipe)
        status = _status(heard)
        if status is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(PARTING)
            return status
        if child.poll() is not None:
            raise _ended(child.returncode, heard + _heard(pipe), limits)
        if time.monotonic() > end:
            raise _too_slow(child, pipe, limits)


def _interrupted(child: subprocess.Popen[bytes], pipe: int) -> ExitStatus:
    """Hand a Ctrl-C on: the child tells of it, as it would alone; if it cannot, we do."""
    _signal(child, signal.SIGINT)
    end, heard = time.monotonic() + GRACE, b""
    while child.poll() is None and time.monotonic() < end:
        heard += _heard(pipe)
        if _status(heard) is not None:
            break
    status = _status(heard + _heard(pipe))
    if status is None:
        raise KeyboardInterrupt
    return status


@contextmanager
def _child(words: Sequence[str]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The child and our end of its pipe; whatever happens, nothing of it goes on afterwards."""
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    command = [sys.executable, "-P", "-X", f"{MARK}={theirs}", "-c", CODE.format(path=sys.path), *words]
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(theirs,), process_group=0)  # noqa: S603 - Python itself, no shell
    finally:
        os.close(theirs)
    try:
        yield child, ours
    finally:
        _signal(child, signal.SIGKILL)
        child.wait()
        os.close(ours)


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    """To the child and all that it started; by its own number where its code has moved it to another group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if child.poll() is None and os.getpgid(child.pid) != child.pid:
            child.send_signal(number)


def _heard(pipe: int) -> bytes:
    """What the child has said meanwhile, after a moment at most."""
    heard = b""
    while select.select([pipe], [], [], 0 if heard else MOMENT)[0]:
        part = os.read(pipe, 65536)
        if not part:
            if not heard:
                time.sleep(MOMENT)
            break
        heard += part
    return heard


def _status(heard: bytes) -> ExitStatus | None:
    found = re.search(rb"^finished (\d+)\n", heard, re.MULTILINE)
    return ExitStatus(int(found[1])) if found else None


# --- ends that are none ------------------------------------------------------------------------------------------


def _ended(code: int, heard: bytes, limits: Limits) -> TargetError:
    where = _where(heard) or limits.target
    short = ""
    if limits.memory is not None:
        short = f"; perhaps for want of memory, of which it may have {size_text(limits.memory)}"
    elif code == -signal.SIGKILL:
        short = "; perhaps by the system for want of memory"
    if code < 0:
        what = f"the process of the audit was killed{short}"
        return TargetError(what, where=where, expected=WHOLE, got=_name(-code))
    what = "the code ends the process of the audit"
    return TargetError(what, where=where, expected=WHOLE, got=f"exit status {code}")


def _name(number: int) -> str:
    try:
        return f"signal {number}, {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"


def _too_slow(child: subprocess.Popen[bytes], pipe: int, limits: Limits) -> TargetError:
    heard, end = b"", time.monotonic() + PARTING
    if DUMP is not None:
        child.send_signal(DUMP)
    while DUMP is not None and not _where(heard) and time.monotonic() < end:
        heard += _heard(pipe)  # it comes in many small pieces
    what = "the time for the audit is over"
    where = _where(heard) or limits.target
    return TargetError(what, where=where, expected=f"an end within {limits.seconds:g} s", got="none")


def _where(heard: bytes) -> str:
    """The innermost line of the user's own code in a traceback; nothing where there is none."""
    for file, line in _FRAME.findall(heard.decode("utf-8", "replace")):
        if not file.startswith("<") and not file.startswith(_OTHERS):
            here = os.getcwd() + os.sep
            return f"{file.removeprefix(here)}:{line}"
    return ""


_OTHERS = tuple(
    {
        *(sysconfig.get_paths()[name] + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep,
    }
)
"""Folders whose code is not the user's: Python's, installed packages', ours."""
