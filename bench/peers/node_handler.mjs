#!/usr/bin/env node
// A handler of stream records as a competent user would write it in Node: the newest record of each
// key, guarded upserts and deletes, a transaction a batch.
//   node_handler.mjs --write rows|values|unnest --connections N --batch N FILE
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import pg from 'pg';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: 'string', default: 'values' },
    connections: { type: 'string', default: '1' },
    batch: { type: 'string', default: '1000' },
  },
});
const kTable = 'bench_node.orders';
const kOnConflict = `ON CONFLICT (pk, sk) DO UPDATE SET item = excluded.item,
  mod_time = excluded.mod_time, version = excluded.version WHERE t.version < excluded.version`;
const kColumns = '(pk, sk, item, mod_time, create_time, version)';
const kRowsAStatement = 500; // of five parameters each; PostgreSQL takes 65,535

function decode(record) {
  const { Keys, NewImage, SequenceNumber, ApproximateCreationDateTime } = record.dynamodb;
  const { pk, sk } = unmarshall(Keys);
  const item = NewImage && JSON.stringify(unmarshall(NewImage, { wrapNumbers: (text) => Number(text) }));
  return { pk, sk, item, time: new Date(ApproximateCreationDateTime * 1000), version: SequenceNumber };
}

function newest(records) {
  const byKey = new Map();
  for (const record of records.map(decode)) byKey.set(`${record.pk}\u0000${record.sk}`, record);
  return [...byKey.values()];
}

const writers = {
  async rows(client, puts) {
    for (const { pk, sk, item, time, version } of puts)
      await client.query({
        name: 'put',
        text: `INSERT INTO ${kTable} AS t ${kColumns} VALUES ($1, $2, $3, $4, $4, $5) ${kOnConflict}`,
        values: [pk, sk, item, time, version],
      });
  },
  async values(client, puts) {
    for (let first = 0; first < puts.length; first += kRowsAStatement) {
      const rows = puts.slice(first, first + kRowsAStatement);
      const places = rows.map((_, i) => {
        const n = i * 5;
        return `($${n + 1}, $${n + 2}, $${n + 3}::jsonb, $${n + 4}::timestamptz, $${n + 4}::timestamptz, $${n + 5}::numeric)`;
      });
      await client.query(
        `INSERT INTO ${kTable} AS t ${kColumns} VALUES ${places.join()} ${kOnConflict}`,
        rows.flatMap(({ pk, sk, item, time, version }) => [pk, sk, item, time, version]),
      );
    }
  },
  async unnest(client, puts) {
    const column = (name) => puts.map((put) => put[name]);
    await client.query(
      `INSERT INTO ${kTable} AS t ${kColumns}
       SELECT pk, sk, item, time, time, version
       FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::timestamptz[], $5::numeric[])
         AS u(pk, sk, item, time, version) ${kOnConflict}`,
      [column('pk'), column('sk'), column('item'), column('time'), column('version')],
    );
  },
};

async function removeAll(client, removes) {
  const column = (name) => removes.map((remove) => remove[name]);
  await client.query(
    `DELETE FROM ${kTable} t USING unnest($1::text[], $2::text[], $3::numeric[]) AS u(pk, sk, version)
     WHERE t.pk = u.pk AND t.sk = u.sk AND t.version < u.version`,
    [column('pk'), column('sk'), column('version')],
  );
}

async function apply(client, changes) {
  const puts = changes.filter(({ item }) => item);
  const removes = changes.filter(({ item }) => !item);
  await client.query('BEGIN');
  if (puts.length > 0) await writers[options.write](client, puts);
  if (removes.length > 0) await removeAll(client, removes);
  await client.query('COMMIT');
}

function partOf({ pk, sk }, parts) {
  let hash = 0;
  for (const character of pk + sk) hash = (hash * 31 + character.codePointAt(0)) >>> 0;
  return hash % parts;
}

const lines = readFileSync(positionals[0], 'utf8').trimEnd().split('\n');
const clients = [];
for (let i = 0; i < Number(options.connections); ++i) {
  clients.push(new pg.Client({ connectionString: process.env.DYNAMITE_TEST_PG_URL }));
  await clients[i].connect();
}

const begin = process.hrtime.bigint();
const cpu = process.cpuUsage();
let count = 0;
let waiting = [];
async function flush() {
  count += waiting.length;
  const changes = newest(waiting);
  waiting = [];
  await Promise.all(
    clients.map((client, i) => apply(client, changes.filter((change) => partOf(change, clients.length) === i))),
  );
}
for (const line of lines)
  for (const record of JSON.parse(line).Records)
    if (waiting.push(record) === Number(options.batch)) await flush();
if (waiting.length > 0) await flush();
const used = process.cpuUsage(cpu);
console.log(
  JSON.stringify({
    records: count,
    wall_s: Number(process.hrtime.bigint() - begin) / 1e9,
    client_cpu_s: (used.user + used.system) / 1e6,
  }),
);
await Promise.all(clients.map((client) => client.end()));
