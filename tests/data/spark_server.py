"""A Spark with a Connect endpoint on loopback and a Hive catalogue of its own, for the tests: says `ready` when its tables
are there, and ends, with its folder, when its standard input does."""

import os
import shutil
import socket
import sys

from pyspark.sql import SparkSession

folder, token = sys.argv[1:]
# What Hive and Derby leave behind lies there too.
os.chdir(folder)
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]

settings = {
    "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": str(port),
    "spark.connect.authenticate.token": token,
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    # A stream ends after this much, and the client has to ask for the rest: in earnest that is a gigabyte, or two minutes.
    "spark.connect.execute.reattachable.senderMaxStreamSize": "1m",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    # Not UTC, to see that nobody relies on it.
    "spark.sql.session.timeZone": "America/New_York",
    "spark.sql.catalogImplementation": "hive",
    "spark.sql.warehouse.dir": f"{folder}/warehouse",
    "spark.hadoop.javax.jdo.option.ConnectionURL": "jdbc:derby:memory:weir;create=true",
}
builder = SparkSession.builder.master("local[2]").appName("weir tests")
for key, value in settings.items():
    builder = builder.config(key, value)
spark = builder.getOrCreate()

TAPS = """
    SELECT CONCAT('c', id % 3) AS card_id, id / 2D AS amount, 1.25BD AS price,
           TIMESTAMP '2024-01-30T00:00:00Z' + MAKE_INTERVAL(0, 0, 0, 0, CAST(id AS INT) * 6) AS at,
           MAP('k', id) AS tags, ARRAY(CAST(id AS INT), 2) AS seen, NAMED_STRUCT('a', 1, 'b', 'x') AS inner
    FROM RANGE(16)
"""
spark.conf.set("spark.sql.session.timeZone", "UTC")
spark.sql("CREATE DATABASE ads")
spark.sql(
    f"CREATE TABLE ads.taps USING parquet PARTITIONED BY (day) AS "
    f"SELECT *, DATE_FORMAT(at, 'yyyy-MM-dd') AS day FROM ({TAPS})"
)
spark.sql(
    f"CREATE TABLE ads.taps_by_month USING parquet PARTITIONED BY (y, m) AS "
    f"SELECT *, YEAR(at) AS y, DATE_FORMAT(at, 'M') AS m FROM ({TAPS})"
)
spark.sql(
    "CREATE TABLE ads.kinds AS SELECT TRUE AS a_bool, 1Y AS a_byte, 2S AS a_short, 3 AS an_int, 4L AS a_long, "
    "1.5F AS a_float, 2.5D AS a_double, 1.25BD AS a_decimal, 'x' AS a_string, X'00' AS a_binary, "
    "DATE '2024-01-01' AS a_date, TIMESTAMP '2024-01-01T10:00:00Z' AS an_instant, "
    "TIMESTAMP_NTZ '2024-01-01T10:00:00' AS a_wall_clock"
)
print(f"ready {port}", flush=True)
sys.stdin.read()
shutil.rmtree(folder, ignore_errors=True)
os._exit(0)
