"""An S3 of its own on a loopback port, with the bucket `shop` that holds what is below the folder given.

Prints its address once it answers, and ends with its standard input.
"""

import pathlib
import sys

import boto3
from moto.server import ThreadedMotoServer

folder = pathlib.Path(sys.argv[1])
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://{host}:{port}"
s3 = boto3.client(
    "s3",
    endpoint_url=endpoint,
    aws_access_key_id="tester",
    aws_secret_access_key="not-a-secret",
    region_name="us-east-1",
)
s3.create_bucket(Bucket="shop")
for path in sorted(it for it in folder.rglob("*") if it.is_file()):
    s3.upload_file(str(path), "shop", path.relative_to(folder).as_posix())
print(endpoint, flush=True)
sys.stdin.read()
server.stop()
