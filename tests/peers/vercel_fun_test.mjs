// The package in a Lambda environment that is not ours, fed from DynamoDB Local's own streams by an
// event source mapping that repeats, bisects and gives up: in the end the replica equals the tables.
//
//   tools/with-servers node --test tests/peers/vercel_fun_test.mjs
//
// DYNAMITE_TEST_SEED repeats the mapping's choices.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { DynamoDb } from './dynamodb.mjs';
import { EventSourceMapping, Random } from './event_source_mapping.mjs';
import { createLambda, run } from './vercel_fun.mjs';

const kInvocations = 1000;
const kRoundsMax = 20;
const kTables = { PeersCustomers: 'pk:S', PeersOrders: 'customer:S,placed_at:N', PeersBlobs: 'id:B,part:N' };

const { DYNAMITE_PROGRAM, DYNAMITE_LAMBDA_ZIP, DYNAMITE_TEST_DYNAMODB, DYNAMITE_TEST_PG_URL } =
  process.env;
const schema = `peers_${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), 'dynamite-peers-'));
const settings = {
  DYNAMITE_URL: DYNAMITE_TEST_PG_URL,
  DYNAMITE_SCHEMA: schema,
  DYNAMITE_STATE_SCHEMA: `${schema}_state`,
};
const tables = Object.keys(kTables);

writeFileSync(
  join(folder, 'dynamite.toml'),
  tables.map((name) => `[[table]]\nname = "${name}"\n`).join('\n'),
);

const environment = {
  ...process.env,
  ...settings,
  AWS_ENDPOINT_URL: DYNAMITE_TEST_DYNAMODB,
  DYNAMITE_CONFIG: join(folder, 'dynamite.toml'),
  DYNAMITE_LOG_LEVEL: 'warn',
};
const dynamite = (...args) => run(DYNAMITE_PROGRAM, args, { env: environment });
const sql = (text) => run('psql', [DYNAMITE_TEST_PG_URL, '-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', text]).trim();

/** Puts, updates and deletes until the time is over. */
function write(table, seconds, seed) {
  const args = ['load', '--table', table, '--items', '600', '--fields', '6', '--rate', '150'];
  const writer = spawn(
    DYNAMITE_PROGRAM,
    [...args, '--duration', `${seconds}s`, '--seed', String(seed)],
    { env: environment, stdio: 'ignore' },
  );
  return new Promise((resolve, reject) => {
    writer.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`load: ${code}`))));
  });
}

/** Kills processes of the function that work, and ends its database connections. */
function disturb(lambda, random) {
  const done = { 'processes killed at work': 0, 'connections ended by PostgreSQL': 0 };
  const timer = setInterval(() => {
    if (random.chance(50)) {
      done['processes killed at work'] += lambda.killOne() ? 1 : 0;
      return;
    }
    const ended = sql(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                       WHERE application_name = 'dynamite/lambda' AND random() < 0.5`);
    done['connections ended by PostgreSQL'] += Number(ended);
  }, 300);
  return { done, stop: () => clearInterval(timer) };
}

/** Nearly one image in a hundred is refused, until the constraint goes. */
const refuse = (table) =>
  sql(`ALTER TABLE ${schema}."${table}" ADD CONSTRAINT refused CHECK (hashtext(item::text) % 89 <> 0)`);
const accept = (table) => sql(`ALTER TABLE ${schema}."${table}" DROP CONSTRAINT refused`);

async function cleanUp() {
  rmSync(folder, { recursive: true });
  const dynamodb = new DynamoDb(DYNAMITE_TEST_DYNAMODB);
  for (const TableName of tables)
    await dynamodb.call('DynamoDB_20120810', 'DeleteTable', { TableName });
  if (process.env.DYNAMITE_KEEP_TEST_DB === '1') return;
  sql(`DROP SCHEMA IF EXISTS ${schema}, ${schema}_state CASCADE`);
}

/** The sums of counts by their names. */
function sum(all) {
  const total = {};
  for (const counts of all)
    for (const [name, count] of Object.entries(counts)) total[name] = (total[name] ?? 0) + count;
  return total;
}

/** Writes in rounds of `seconds` until the function was invoked often enough, and until everything has happened. */
async function follow(lambda, seed, seconds) {
  const dynamodb = new DynamoDb(DYNAMITE_TEST_DYNAMODB);
  const objects = join(folder, 'on-failure-');
  let objectCount = 0;
  const mappings = [];
  let writing = true;
  for (const [i, table] of tables.entries())
    mappings.push(
      new EventSourceMapping({
        dynamodb,
        streamArn: await dynamodb.streamOf(table),
        invoke: (event) => lambda.invoke(event),
        onFailure: async (object) => {
          objectCount += 1;
          writeFileSync(`${objects}${objectCount}.json`, JSON.stringify(object));
        },
        finished: () => !writing,
        random: new Random(seed + i),
        batchSizeMax: 9,
      }),
    );
  const disturbance = disturb(lambda, new Random(seed + 100));
  const happened = () => sum([...mappings.map((mapping) => mapping.counts), disturbance.done]);
  const enough = () =>
    lambda.invocations >= kInvocations && Object.values(happened()).every((count) => count > 0);
  const written = (async () => {
    for (let round = 0; round < kRoundsMax && !enough(); round += 1)
      await Promise.all(tables.map((table, i) => write(table, seconds, seed + i)));
  })();
  written.finally(() => (writing = false)).catch(() => {});
  try {
    await Promise.all([written, ...mappings.map((mapping) => mapping.run())]);
  } finally {
    disturbance.stop();
  }
  return { invocations: lambda.invocations, processes: lambda.processes(), ...happened() };
}

test('the package follows real streams through everything that Lambda does', async (t) => {
  const seed = Number(process.env.DYNAMITE_TEST_SEED ?? 0);
  t.diagnostic(`seed ${seed}`);
  t.after(cleanUp);
  sql(`CREATE SCHEMA ${schema}`);
  for (const [table, keys] of Object.entries(kTables))
    dynamite('load', '--table', table, '--create', keys, '--items', '300', '--seed', String(seed));
  dynamite('bootstrap');
  tables.forEach(refuse);

  const lambda = await createLambda({
    zip: DYNAMITE_LAMBDA_ZIP,
    folder,
    variables: {
      ...settings,
      DYNAMITE_REGION: 'us-east-1',
      DYNAMITE_ON_POISON: 'stop',
      DYNAMITE_REPORT_BATCH_ITEM_FAILURES: 'true',
    },
  });
  t.after(() => lambda.destroy());
  const counts = await follow(lambda, seed, 6);
  counts['lines of metrics'] = lambda.log().match(/"Namespace":"Dynamite"/g).length;

  tables.forEach(accept);
  const objects = readdirSync(folder).filter((name) => name.startsWith('on-failure-'));
  const applied = dynamite('apply', ...objects.map((name) => join(folder, name)));
  counts['rows that `dynamite apply` brought back'] = [...applied.matchAll(/(\d+) rows changed/g)]
    .map(([, rows]) => Number(rows))
    .reduce((sum, rows) => sum + rows, 0);
  const compared = dynamite('compare');

  for (const [name, count] of Object.entries(counts)) t.diagnostic(`${count} ${name}`);
  compared.trim().split('\n').forEach((line) => t.diagnostic(line));
  assert.ok(counts.invocations >= kInvocations, `only ${counts.invocations} invocations`);
  for (const [name, count] of Object.entries(counts)) assert.ok(count > 0, `no ${name}`);
  assert.match(compared, /identical: \d+ items in 3 tables/);
});
