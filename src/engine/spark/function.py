"""Runs a data source function on Spark and leaves what it returns there as a view.

weir starts this, writes one request to standard input and reads one answer from standard output, both JSON.
"""

from __future__ import annotations

import dataclasses
import datetime
import inspect
import json
import os
import sys


@dataclasses.dataclass(frozen=True)
class FilterContext:
    """The times that are asked for, in UTC: start_time <= time < end_time. Either may be None."""

    start_time: datetime.datetime | None
    end_time: datetime.datetime | None


class Wrong(Exception):
    """Why there is no view: what sort of fault, what happened, on which line of the file."""

    def __init__(self, sort, message, line=None):
        super().__init__(message)
        self.answer = {"sort": sort, "message": message, "line": line}


def instant(seconds):
    if seconds is None:
        return None
    return datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=seconds)


def first_line(error):
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0][:300]}" if text else type(error).__name__


def raised(error, file):
    """What the function's own code raised, with the last line of its file on the way there."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return Wrong("raised", first_line(error), line)


def load(text, file, name):
    module = {"__name__": "data_source", "__file__": file}
    try:
        exec(compile(text, file, "exec"), module)
    except SyntaxError as error:
        raise Wrong("syntax", error.msg, error.lineno)
    except BaseException as error:
        raise raised(error, file)
    function = module.get(name)
    if not callable(function):
        known = sorted(it for it, value in module.items() if inspect.isfunction(value))
        raise Wrong("missing", ", ".join(known))
    return function


def connect(url):
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise Wrong("pyspark", first_line(error))
    try:
        return SparkSession.builder.remote(url).getOrCreate()
    except ImportError as error:
        raise Wrong("pyspark", first_line(error))
    except BaseException as error:
        raise Wrong("connect", first_line(error))


def run(request):
    file = request["file"]
    function = load(request["text"], file, request["function"])
    arguments = ["spark"]
    if request["supports_time_filtering"]:
        arguments.append("filter_context")
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        raise Wrong("signature", str(inspect.signature(function)), function.__code__.co_firstlineno)
    spark = connect(request["url"])
    from pyspark.sql.connect.dataframe import DataFrame

    context = FilterContext(instant(request["start"]), instant(request["end"]))
    try:
        frame = function(*[spark, context][: len(arguments)])
    except BaseException as error:
        raise raised(error, file)
    if not isinstance(frame, DataFrame):
        kind = type(frame)
        raise Wrong("result", kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}")
    try:
        frame.createOrReplaceTempView(request["view"])
    except BaseException as error:
        raise Wrong("frame", first_line(error))


def main():
    # What the function prints is not the answer.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # What it imports has to be installed: only this one file is recorded.
    sys.path = [it for it in sys.path if it]
    request = json.loads(sys.stdin.buffer.read())
    try:
        run(request)
        said = {"sort": "done"}
    except Wrong as wrong:
        said = wrong.answer
    json.dump(said, answer)
    answer.flush()
    # Without what a library does at the end of a program: the session is not ours to close.
    os._exit(0)


main()
