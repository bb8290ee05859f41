#!/usr/bin/python3
"""The start of a Lambda function in Python: its imports, its connection, its first call for work."""
import os
import urllib.request

import psycopg2  # noqa: F401  the driver that SQLAlchemy takes
import sqlalchemy

engine = sqlalchemy.create_engine(os.environ["DYNAMITE_URL"])
connection = engine.connect()
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
urllib.request.urlopen(f"http://{api}/2018-06-01/runtime/invocation/next").read()
