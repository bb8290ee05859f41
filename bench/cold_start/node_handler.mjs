#!/usr/bin/env node
// The start of a Lambda function in Node: its imports, its connection, its first call for work.
import { unmarshall } from '@aws-sdk/util-dynamodb';
import pg from 'pg';

const client = new pg.Client({ connectionString: process.env.DYNAMITE_URL });
await client.connect();
unmarshall({ pk: { S: 'x' } });
const api = process.env.AWS_LAMBDA_RUNTIME_API;
await fetch(`http://${api}/2018-06-01/runtime/invocation/next`);
