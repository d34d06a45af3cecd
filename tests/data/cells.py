"""Reads random CSV, JSON and Parquet files with weir and with pyarrow, and compares every cell.

python cells.py WEIR FOLDER SEED

What a text file says is its text: a number that weir shows must be the number that stands there, to the last digit,
and whatever is text must be that text. Ends with an error at the first cell that differs.
"""

import datetime
import decimal
import json
import math
import pathlib
import random
import subprocess
import sys

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

weir, folder, seed = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
pick = random.Random(seed)

INTEGERS = ["0", "1", "-1", "42", "9007199254740992", "9007199254740993", "9223372036854775807", "-9223372036854775808"]
DECIMALS = ["0.5", "-1.5", "1e3", "2.5E-3", ".5", "5.", "1e308", "-0", "0.1234567890123456789"]
ODD = ["007", "-007", "+49", "9223372036854775808", "1e400", "NaN", "inf", "1_000", " 1", "1 ", "0x1F", "--1", "1-2"]
TEXTS = ["a", "Grüße", "a,b", 'say "x"', "two\nlines", "null", "NULL", "\\N", "{}", "[1]", "ünï\u2028x", "'"]
BOOLS = ["true", "false", "True", "FALSE"]
DAYS = ["2024-01-31", "1999-12-31"]
TIMES = ["2024-01-31T10:00:00Z", "2024-01-31 10:00:00.5", "2024-03-31T02:30:00+02:00", "1969-12-31T23:59:59.999999Z"]
POOLS = [INTEGERS[:4], INTEGERS, INTEGERS[:4] + DECIMALS, DECIMALS, INTEGERS[:3] + ODD, TEXTS, BOOLS, DAYS, TIMES]
POOLS += [DAYS + TIMES, BOOLS + INTEGERS[:2], ODD + TEXTS, INTEGERS + DECIMALS, TIMES + TEXTS]


def column(rows):
    """Returns texts, with holes; now and then nothing for as long as types are looked for."""
    pool = pick.choice(POOLS)
    holes = pick.choice([0, 0, 0.1, 0.9])
    cells = ["" if pick.random() < holes else pick.choice(pool) for _ in range(rows)]
    if rows > 1000 and pick.random() < 0.5:
        cells[:1000] = [""] * 1000
    return cells


def moment(text):
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=datetime.timezone.utc)


def same(text, shown, missing):
    """Says whether what weir shows is what stands in the file."""
    if text is None or text in missing:
        return shown is None
    if isinstance(shown, bool):
        return text.lower() == str(shown).lower()
    if isinstance(shown, int):
        return text == str(shown)
    if isinstance(shown, float):
        exact = "e" in text.lower() or "." in text or text == "-0" or decimal.Decimal(text) == decimal.Decimal(shown)
        return exact and float(text) == shown and math.copysign(1, float(text)) == math.copysign(1, shown)
    if shown == text:
        return True
    try:
        return moment(shown) == moment(text)
    except (ValueError, AttributeError):
        return False


def preview(name, uri, form):
    (folder / "it.yaml").write_text(
        "kind: BatchSource\nname: it\nbatch_config:\n  kind: FileConfig\n" f"  uri: {uri}\n  file_format: {form}\n"
    )
    command = [weir, "-q", "preview", "it", "--limit", "0", "--format", "json"]
    command[command.index("--limit") + 1] = "100000"
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if run.returncode == 1 and "error[D008]" in run.stderr and ", line " in run.stderr:
        return None  # A value after the sample is not of the type of those before: said, and not changed.
    if run.returncode:
        sys.exit(f"seed {seed}, {name}: {run.stderr}")
    return json.loads(run.stdout, parse_float=lambda it: it if abs(float(it)) == math.inf else float(it))


def compare(name, expected, rows, missing=()):
    for index, row in enumerate(rows):
        for key, texts in expected.items():
            if not same(texts[index], row.get(key), missing):
                sys.exit(f"seed {seed}, {name}, row {index}, {key}: {texts[index]!r} is shown as {row.get(key)!r}")
    count = len(next(iter(expected.values())))
    if len(rows) != count:
        sys.exit(f"seed {seed}, {name}: {len(rows)} rows of {count}")
    return len(rows) * len(expected)


rows = pick.choice([1, 2, 30, 30, 1003])
columns = {f"c{index}": column(rows) for index in range(8)}
columns["id"] = [str(index) for index in range(rows)]
cells = said = 0

# CSV: what pyarrow reads as text is what stands there.
quoted = lambda it: '"' + it.replace('"', '""') + '"' if set(it) & set(',"\n\r') else it
lines = [",".join(columns)] + [",".join(quoted(texts[row]) for texts in columns.values()) for row in range(rows)]
ending = pick.choice(["\n", "\r\n"])
(folder / "it.csv").write_bytes((ending.join(lines) + ending).encode())
texts = pa.csv.ConvertOptions(column_types={name: pa.string() for name in columns})
read = pa.csv.read_csv(
    folder / "it.csv", parse_options=pa.csv.ParseOptions(newlines_in_values=True), convert_options=texts
)
shown = preview("csv", "it.csv", "csv")
if shown is None:
    said += 1
else:
    cells += compare("csv", read.to_pydict(), shown, missing=("",))

# JSON: numbers and texts as they are written.
def token(text):
    try:
        json.loads(text)
        return text if text.strip() == text and pick.random() < 0.9 and text not in ("NaN", "null", "{}", "[1]") else json.dumps(text)
    except ValueError:
        return json.dumps(text)


written = [{name: token(texts[row]) if texts[row] else "null" for name, texts in columns.items()} for row in range(rows)]
lines = ["{" + ",".join(f"{json.dumps(name)}: {it}" for name, it in row.items()) + "}" for row in written]
(folder / "it.json").write_text("\n".join(lines) + "\n")
shown = preview("json", "it.json", "json")
if shown is None:
    said += 1
else:
    cells += compare("json", {name: [it or None for it in texts] for name, texts in columns.items()}, shown)

# Parquet: every type, as pyarrow itself reads it.
utc = datetime.timezone.utc
instants = [None, *(moment(it).astimezone(utc) for it in TIMES)]
table = pa.table(
    {
        "i64": pa.array([pick.choice([None, 0, -1, 2**63 - 1, -(2**63)]) for _ in range(rows)], pa.int64()),
        "i32": pa.array([pick.choice([None, 0, 2**31 - 1]) for _ in range(rows)], pa.int32()),
        "f64": pa.array([pick.choice([None, 0.1, -0.0, 1e308]) for _ in range(rows)], pa.float64()),
        "b": pa.array([pick.choice([None, True, False]) for _ in range(rows)], pa.bool_()),
        "s": pa.array([pick.choice([None, "", *TEXTS]) for _ in range(rows)], pa.string()),
        "at": pa.array([pick.choice(instants) for _ in range(rows)], pa.timestamp("us", pick.choice(["UTC", "Europe/Berlin"]))),
        "naive": pa.array([pick.choice([None, 0, 1706695200123]) for _ in range(rows)], pa.timestamp("ms")),
    }
)
pa.parquet.write_table(table, folder / "it.parquet")


def text(value):
    if isinstance(value, datetime.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=utc)).isoformat()
    return value if value is None or isinstance(value, str) else json.dumps(value) if isinstance(value, bool) else repr(value)


expected = {name: [text(it) for it in values] for name, values in table.to_pydict().items()}
cells += compare("parquet", expected, preview("parquet", "it.parquet", "parquet"))
print(cells, said)
