"""The edge: whatever a command raises becomes a text and a documented exit code."""

from __future__ import annotations

import difflib
import errno
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from kho.cli.app import root
from kho.cli.exits import Exit
from kho.cli.session import Session
from schemas.errors import KhoError
from schemas.moments import format_moment, utc_now

DEBUG_VARIABLE = "KHO_DEBUG"


def run(arguments: Sequence[str], session: Session | None = None) -> int:
    """The exit code of ``kho ARGUMENTS``; everything a person must know has been printed."""
    session = session or Session()
    try:
        returned = root.main(list(arguments), prog_name="kho", standalone_mode=False, obj=session)
        sys.stdout.flush()
        return int(returned or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return Exit.USAGE
    except click.UsageError as error:
        _show_usage(error, session)
        return Exit.USAGE
    except click.ClickException as error:
        click.echo(error.format_message(), err=True)
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        session.note("CLI-INTERRUPTED")
        return Exit.INTERRUPTED
    except KhoError as error:
        return _refused(error, session)
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OUR_FAULT
    except OSError as error:
        return _system_refused(error, session)
    except Exception as error:  # noqa: BLE001 - the last place before a stack trace
        return _crashed(error, session)


def _refused(error: KhoError, session: Session) -> int:
    if session.environment.get(DEBUG_VARIABLE):
        traceback.print_exc()
    session.note(error.code, **error.fields)
    return error.exit_code


def _system_refused(error: OSError, session: Session) -> int:
    if session.environment.get(DEBUG_VARIABLE):
        traceback.print_exc()
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    session.note(
        "CLI-DISK-FULL" if full else "CLI-SYSTEM-REFUSED",
        reason=error.strerror or str(error),
        file=error.filename or "?",
    )
    return Exit.OUR_FAULT


def _show_usage(error: click.UsageError, session: Session) -> None:
    match error:
        case click.NoSuchOption():
            near = ", ".join(error.possibilities or ())
            text = session.say("CLI-NO-SUCH-OPTION", name=error.option_name)
        case click.exceptions.NoSuchCommand():
            near = _nearest_command(error)
            text = session.say("CLI-NO-SUCH-COMMAND", name=error.command_name)
        case click.MissingParameter(param=click.Parameter() as parameter):
            near = ""
            named = parameter.opts[-1] if parameter.opts[-1][:1] == "-" else parameter.metavar
            text = session.say(
                "CLI-MISSING-PARAMETER", name=named or parameter.human_readable_name
            )
        case _:
            near = ""
            text = session.say("CLI-BAD-USAGE", message=error.format_message())
    if near:
        text += " " + session.say("CLI-NEAREST", near=near)
    path = error.ctx.command_path if error.ctx else "kho"
    click.echo(f"{text}\n{session.say('CLI-SEE-HELP', command=path)}", err=True)


def _nearest_command(error: click.exceptions.NoSuchCommand) -> str:
    """The commands most like the one asked for; listed without being imported."""
    ctx = error.ctx
    if ctx is None or not isinstance(ctx.command, click.Group):
        return ""
    return ", ".join(difflib.get_close_matches(error.command_name, ctx.command.list_commands(ctx)))


def _crashed(error: Exception, session: Session) -> int:
    """Our own mistake: one sentence for the person, the trace in a file for the developers."""
    if session.environment.get(DEBUG_VARIABLE):
        traceback.print_exc()
    session.note(
        "CLI-CRASHED", kind=type(error).__name__, reason=str(error), file=_keep_trace(session)
    )
    return Exit.OUR_FAULT


def _keep_trace(session: Session) -> str:
    state = session.environment.get("XDG_STATE_HOME", "")
    folder = Path(state) if state else Path.home() / ".local" / "state"
    name = f"crash-{format_moment(utc_now()).replace(':', '')}.txt"
    for where in (folder / "kho", Path(tempfile.gettempdir())):
        try:
            where.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = where / name
            with path.open("x", encoding="utf-8", errors="backslashreplace") as file:
                path.chmod(0o600)
                traceback.print_exc(file=file)
        except OSError:
            continue
        return str(path)
    return "-"
