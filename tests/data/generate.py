"""Writes a month of taps: 30 Parquet files, one a day, with ROWS rows in all, several row groups each.

python generate.py FOLDER ROWS
"""

import pathlib
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

folder, rows = pathlib.Path(sys.argv[1]), int(sys.argv[2])
DAYS, DAY = 30, 24 * 60 * 60 * 1_000_000
START = 1_704_067_200_000_000  # 2024-01-01
daily = rows // DAYS
numbers = pa.array(range(daily), pa.int64())
cards = pc.binary_join_element_wise("card", pc.cast(pc.bit_wise_and(numbers, 0xFFFF), pa.string()), "-")
amounts = pc.cast(pc.divide(numbers, 7), pa.float64())
within = pc.multiply(numbers, DAY // daily)
for day in range(DAYS):
    at = pc.cast(pc.add(within, START + day * DAY), pa.timestamp("us", tz="UTC"))
    table = pa.table({"card_id": cards, "amount": amounts, "tapped_at": at})
    pq.write_table(table, folder / f"{day + 1:02}.parquet", row_group_size=50_000)
