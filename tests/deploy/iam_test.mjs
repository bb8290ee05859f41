// deploy/iam: the least rights, and the templates give exactly those.
import { readSam, samPolicies } from './sam.mjs';
import { under } from './sources.mjs';
import { suite } from './suite.mjs';
import { readTerraform, terraformPolicies } from './terraform.mjs';

const nameOf = (path) => /([\w-]+)\.json$/.exec(path)[1];
const list = (value) => (Array.isArray(value) ? value : [value]);

// AWS offers no resource for these actions.
const withoutResource = ['JoinNetwork', 'LeaveNetworkToLambda', 'ListMappings', 'ReadIteratorAge'];
// A log group's streams, the objects that Lambda writes, a table's streams.
const endings = ['${LOG_GROUP_ARN}:*', '${BUCKET_ARN}/aws/lambda/*', '${TABLE_ARN}/stream/*'];

function checkStatement(file, { Sid: sid, Action: actions, Resource: resources, Effect: effect }) {
  const place = `${file} ${sid}`;
  const problems = [];
  if (!['Allow', 'Deny'].includes(effect)) problems.push(`${place} has the effect ${effect}`);
  for (const action of actions)
    if (!/^[a-z0-9-]+:[A-Za-z]+$/.test(action)) problems.push(`${place} allows ${action}`);
  if (actions.join() !== [...actions].sort().join()) problems.push(`${place} is not sorted`);
  for (const resource of resources) {
    const one = /^\$\{[A-Z_]+_ARN\}$/.test(resource) || endings.includes(resource);
    if (!one && !(resource === '*' && withoutResource.includes(sid)))
      problems.push(`${place} is for ${resource}`);
  }
  return problems;
}

function checkFiles(sources) {
  const problems = [];
  const meanings = {};
  for (const [path, text] of under(sources, 'deploy/iam')) {
    const { Version: version, Statement: statements } = JSON.parse(text);
    if (version !== '2012-10-17') problems.push(`${path} has the version ${version}`);
    for (const statement of statements) {
      problems.push(...checkStatement(nameOf(path), statement));
      const meaning = JSON.stringify(statement);
      if ((meanings[statement.Sid] ??= meaning) !== meaning)
        problems.push(`${statement.Sid} means two things`);
    }
  }
  return problems;
}

suite('Policies are narrow', checkFiles, [
  [
    'all actions of a service',
    'deploy/iam/snapshot.json',
    'dynamodb:Scan',
    'dynamodb:*',
    /allows dynamodb:\*/,
  ],
  ['all resources', 'deploy/iam/snapshot.json', '${TABLE_ARN}', '*', /is for \*/],
  [
    'all of a kind',
    'deploy/iam/lambda-secret.json',
    '${SECRET_ARN}',
    'arn:aws:secretsmanager:*',
    /is for arn/,
  ],
  [
    'two meanings of a name',
    'deploy/iam/maintain.json',
    'dynamodb:DescribeTable"',
    'dynamodb:GetItem"',
    /means two things/,
  ],
  ['an old version', 'deploy/iam/apply.json', '2012-10-17', '2008-10-17', /version 2008/],
]);

/** What has to be the same: everything but how a resource is written. */
function essence({ Sid, Effect, Action, Resource, Condition = {} }) {
  const conditions = Object.entries(Condition).map(([operator, keys]) => [
    operator,
    Object.keys(keys),
  ]);
  return JSON.stringify([
    Sid,
    Effect,
    list(Action).sort(),
    list(Resource).includes('*'),
    conditions,
  ]);
}

const granted = [
  'hash-key-secret',
  'hash-key-secret-key',
  'invoke',
  'lambda',
  'lambda-rds-iam',
  'lambda-secret',
  'lambda-secret-key',
  'maintain',
  'read-back',
];

function comparePolicies(sources, template, policies) {
  const found = Object.fromEntries(policies);
  const problems = Object.keys(found)
    .filter((name) => !granted.includes(name))
    .map((name) => `${template} grants ${name}`);
  for (const name of granted) {
    const wanted = JSON.parse(sources[`deploy/iam/${name}.json`]).Statement.map(essence);
    const given = (found[name] ?? []).map(essence);
    if (wanted.join('\n') !== given.join('\n'))
      problems.push(`${name} in ${template} is not that of deploy/iam`);
  }
  return problems;
}

async function checkTemplates(sources) {
  return [
    ...comparePolicies(sources, 'SAM', samPolicies(readSam(sources))),
    ...comparePolicies(sources, 'Terraform', await terraformPolicies(await readTerraform(sources))),
  ];
}

const sam = 'deploy/sam/template.yaml';
const terraform = 'deploy/terraform/iam.tf';

suite('The templates grant exactly the policies', checkTemplates, [
  [
    'an action more in SAM',
    sam,
    'Action: s3:PutObject',
    'Action: [s3:PutObject, s3:GetObject]',
    /lambda in SAM/,
  ],
  [
    'an action more in Terraform',
    terraform,
    '["s3:PutObject"]',
    '["s3:PutObject", "s3:GetObject"]',
    /lambda in Terraform/,
  ],
  ['an action less in Terraform', terraform, '"dynamodb:GetRecords",', '', /lambda in Terraform/],
  [
    'an action more in the file',
    'deploy/iam/invoke.json',
    '"lambda:I',
    '"lambda:GetFunction", "lambda:I',
    /invoke in SAM/,
  ],
  [
    'all resources in SAM',
    sam,
    'Resource: !Ref SecretArn',
    "Resource: '*'",
    /lambda-secret in SAM/,
  ],
  ['a condition less', terraform, /\n *Condition = \{ ArnEquals.*/, '', /lambda in Terraform/],
  ['a policy more', sam, 'PolicyName: maintain', 'PolicyName: everything', /SAM grants everything/],
]);

/** Resources, and the values in conditions, as texts. */
function namedBy({ Resource, Condition = {} }) {
  const values = Object.values(Condition).flatMap((keys) => Object.values(keys).flat());
  return [...list(Resource), ...values].map((one) =>
    typeof one === 'string' ? one : JSON.stringify(one),
  );
}

/** What a template writes for a placeholder of deploy/iam stands for no other placeholder. */
function compareResources(sources, template, policies) {
  const meanings = {};
  const problems = [];
  for (const [name, statements] of policies) {
    const wanted = JSON.parse(sources[`deploy/iam/${name}.json`]).Statement.map(namedBy);
    statements.map(namedBy).forEach((named, index) =>
      named.forEach((written, place) => {
        const placeholder = wanted[index][place];
        if ((meanings[written] ??= placeholder) !== placeholder)
          problems.push(
            `${written} of ${name} in ${template} is for ${placeholder} and ${meanings[written]}`,
          );
      }),
    );
  }
  return problems;
}

async function checkResources(sources) {
  const terraformOnes = await terraformPolicies(await readTerraform(sources));
  return [
    ...compareResources(sources, 'SAM', samPolicies(readSam(sources))),
    ...compareResources(sources, 'Terraform', terraformOnes),
  ];
}

suite('The templates write each resource for one placeholder', checkResources, [
  [
    "the database's secret for the one of the key in SAM",
    sam,
    'Resource: !Ref HashKeySecretArn',
    'Resource: !Ref SecretArn',
    /hash-key-secret in SAM is for \$\{HASH_KEY_SECRET_ARN\} and \$\{SECRET_ARN\}/,
  ],
  [
    "the database's secret for the one of the key in Terraform",
    terraform,
    '= var.hash_key_secret_arn\n',
    '= var.secret_arn\n',
    /var\.secret_arn\} of lambda-secret in Terraform is for/,
  ],
  [
    'a condition on the other secret',
    terraform,
    '"kms:EncryptionContext:SecretARN" = var.hash_key_secret_arn',
    '"kms:EncryptionContext:SecretARN" = var.secret_arn',
    /var\.secret_arn\} of lambda-secret in Terraform is for/,
  ],
  [
    'streams for tables',
    terraform,
    /(BatchGetItem"\]\s*Resource = )local\.table_arns/,
    '$1tolist(var.stream_arns)',
    /read-back in Terraform is for/,
  ],
]);

function checkModes(sources) {
  const actions = (name) =>
    JSON.parse(sources[`deploy/iam/${name}.json`]).Statement.flatMap(({ Action }) => Action);
  const problems = actions('bootstrap')
    .filter((action) => !actions('maintain').includes(action))
    .map((action) => `bootstrap needs ${action}, which the function has not`);
  // The code itself, without the mapping, calls no more than this.
  const stream = [
    'dynamodb:DescribeStream',
    'dynamodb:GetRecords',
    'dynamodb:GetShardIterator',
    'dynamodb:ListStreams',
  ];
  for (const action of actions('lambda'))
    if (action.startsWith('dynamodb:') && !stream.includes(action))
      problems.push(`lambda does ${action}`);
  for (const [path] of under(sources, 'deploy/iam'))
    for (const action of actions(nameOf(path)))
      if (/^dynamodb:(Put|Update|Delete|BatchWrite|Create)/.test(action))
        problems.push(`${path} writes into DynamoDB`);
  return problems;
}

suite('Each mode has only what it needs', checkModes, [
  [
    'a table that the function reads',
    'deploy/iam/lambda.json',
    '"dynamodb:GetRecords"',
    '"dynamodb:GetItem"',
    /lambda does/,
  ],
  [
    'a mode that writes',
    'deploy/iam/apply.json',
    'dynamodb:BatchGetItem',
    'dynamodb:PutItem',
    /writes into DynamoDB/,
  ],
  [
    'a bootstrap that the function may not do',
    'deploy/iam/bootstrap.json',
    'DescribeTable"',
    'ListTables"',
    /which the function has not/,
  ],
]);

const program = 'src/lambda/event_source_mapping.cpp';
const maintain = 'src/app/commands/maintain.cpp';

const pascal = (name) => name.replace(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase());

/** The actions that maintain calls, by its source. */
function calledByMaintain(sources) {
  const own = [...sources[program].matchAll(/Service::(\w+),\s*\{\.operation = "(\w+)"/g)];
  const tables = [...sources[maintain].matchAll(/\bdynamodb\(\)\s*\.(\w+)\(/g)];
  return [
    ...own.map(([, service, action]) => `${service}:${action}`),
    ...tables.map(([, call]) => `dynamodb:${pascal(call)}`),
  ];
}

function checkCalls(sources) {
  const { Statement: statements } = JSON.parse(sources['deploy/iam/maintain.json']);
  const allowed = statements.flatMap(({ Action }) => Action);
  const called = calledByMaintain(sources);
  return [
    ...called.filter((one) => !allowed.includes(one)).map((one) => `maintain may not ${one}`),
    ...allowed.filter((one) => !called.includes(one)).map((one) => `maintain never does ${one}`),
  ];
}

suite('The policy of maintain is what its code calls', checkCalls, [
  [
    'a call without right',
    program,
    '"GetMetricStatistics"',
    '"GetMetricData"',
    /may not cloudwatch:GetMetricData/,
  ],
  [
    'a right without call',
    maintain,
    'describe_table',
    'list_tables',
    /never does dynamodb:DescribeTable/,
  ],
  [
    'an action too many',
    'deploy/iam/maintain.json',
    '"lambda:L',
    '"lambda:GetFunction", "lambda:L',
    /never does/,
  ],
]);
