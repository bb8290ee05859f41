// deploy/terraform: it is HCL, uses what it defines, and deploys the same as the SAM template.
import { checkUrlPattern } from './database_url.mjs';
import { environmentOf, mappingsOf, readExpandedSam, readSam, samAlarms } from './sam.mjs';
import { under } from './sources.mjs';
import { suite } from './suite.mjs';
import {
  bodiesOf,
  localsOf,
  readTerraform,
  resourcesOf,
  terraformAlarms,
  terraformName,
} from './terraform.mjs';

const main = 'deploy/terraform/main.tf';
const alarms = 'deploy/terraform/alarms.tf';
const bucket = 'deploy/terraform/bucket.tf';
const variables = 'deploy/terraform/variables.tf';

const code = (sources) =>
  under(sources, 'deploy/terraform')
    .map(([, text]) => text.replace(/^\s*#.*$/gm, ''))
    .join('\n');

const namesIn = (text, pattern) => new Set([...text.matchAll(pattern)].map(([, name]) => name));

const missing = (names, known, what) =>
  [...names].filter((name) => !known.includes(name)).map((name) => `there is no ${what} ${name}`);
const unused = (known, names, what) =>
  known.filter((name) => !names.has(name)).map((name) => `the ${what} ${name} is not used`);

async function checkNames(sources) {
  const module = await readTerraform(sources);
  const text = code(sources);
  // Not its own validation: what a variable is for stands elsewhere.
  const outside = text.replace(/^variable (.*\n)*?^\}/gm, '');
  const declared = Object.keys(module.variable);
  const locals = Object.keys(localsOf(module));
  const resources = resourcesOf(module).map(([type, name]) => `${type}.${name}`);
  const data = Object.entries(module.data).flatMap(([type, named]) =>
    Object.keys(named).map((name) => `${type}.${name}`),
  );
  const problems = [
    ...missing(namesIn(text, /\bvar\.(\w+)/g), declared, 'variable'),
    ...missing(namesIn(text, /\blocal\.(\w+)/g), locals, 'local'),
    ...missing(namesIn(text, /(?<!data\.)\b(aws_\w+\.\w+)/g), [...resources, ...data], 'resource'),
    ...missing(namesIn(text, /\bdata\.(aws_\w+\.\w+)/g), data, 'data source'),
    ...unused(declared, namesIn(outside, /\bvar\.(\w+)/g), 'variable'),
    ...unused(locals, namesIn(text, /\blocal\.(\w+)/g), 'local'),
  ];
  for (const [name, [{ description, type }]] of Object.entries(module.variable))
    if (!description?.endsWith('.') || !type)
      problems.push(`the variable ${name} lacks description or type`);
  return problems;
}

suite('Terraform module uses what it defines', checkNames, [
  ['an unknown variable', main, 'var.timeout', 'var.time_out', /no variable time_out/],
  ['an unknown local', main, 'local.environment', 'local.environ', /no local environ/],
  [
    'an unknown resource',
    main,
    'aws_iam_role.function.arn',
    'aws_iam_role.lambda.arn',
    /no resource aws_iam_role\.lambda/,
  ],
  [
    'an unknown data source',
    main,
    'data.aws_region.current',
    'data.aws_region.here',
    /no data source aws_region\.here/,
  ],
  ['a variable without use', main, 'var.memory_size', '256', /variable memory_size is not used/],
  [
    'a variable without description',
    variables,
    /\n {2}description = "Port.*/,
    '',
    /database_port lacks/,
  ],
]);

const valueOf = (value) =>
  typeof value === 'boolean' ? String(value) : Array.isArray(value) ? value.join() : value;

function checkParameters(template, module) {
  const problems = [];
  // What only one of them has to ask: the table's ARN is the front of its stream's, the zip's path.
  const { TableArns: _, ...parameters } = template.Parameters;
  const { package_file: __, ...declared } = module.variable;
  const wanted = Object.keys(parameters).map(terraformName);
  problems.push(...missing(wanted, Object.keys(declared), 'variable'));
  problems.push(...missing(Object.keys(declared), wanted, 'parameter for'));
  for (const [name, { Default: value }] of Object.entries(parameters)) {
    const found = declared[terraformName(name)]?.[0].default;
    if (valueOf(found) !== value)
      problems.push(`the default of ${name} is ${value} and ${JSON.stringify(found)}`);
  }
  return problems;
}

const settings = {
  StartingPosition: 'starting_position',
  FunctionResponseTypes: 'function_response_types',
  BisectBatchOnFunctionError: 'bisect_batch_on_function_error',
};
const settingsFromParameters = {
  BatchSize: 'batch_size',
  MaximumBatchingWindowInSeconds: 'maximum_batching_window_in_seconds',
  ParallelizationFactor: 'parallelization_factor',
  MaximumRecordAgeInSeconds: 'maximum_record_age_in_seconds',
  MaximumRetryAttempts: 'maximum_retry_attempts',
  Enabled: 'enabled',
};

function checkMapping(template, module) {
  const [sam] = mappingsOf(template);
  const [terraform] = bodiesOf(module, 'aws_lambda_event_source_mapping');
  const pairs = [
    ...Object.entries(settings).map(([name, own]) => [own, sam[name]]),
    ...Object.entries(settingsFromParameters).map(([name, own]) => [
      own,
      `\${var.${terraformName(sam[name].Ref)}}`,
    ]),
    ['for_each', '${var.stream_arns}'],
    ['event_source_arn', '${each.value}'],
  ];
  const problems = pairs
    .filter(([name, value]) => JSON.stringify(terraform[name]) !== JSON.stringify(value))
    .map(([name, value]) => `${name} of the mapping is ${terraform[name]}, not ${value}`);
  if (!terraform.destination_config?.[0].on_failure[0].destination_arn)
    problems.push('the mapping has no bucket');
  return problems;
}

function checkBucket(module) {
  const problems = [];
  const has = (type) => bodiesOf(module, type).length === 1;
  for (const type of [
    'server_side_encryption_configuration',
    'lifecycle_configuration',
    'public_access_block',
    'policy',
  ])
    if (!has(`aws_s3_bucket_${type}`)) problems.push(`the bucket has no ${type}`);
  const [blocked = {}] = bodiesOf(module, 'aws_s3_bucket_public_access_block');
  if (Object.values(blocked).filter((value) => value === true).length !== 4)
    problems.push('the bucket may become public');
  return problems;
}

const compare = (name, sam, terraform) =>
  JSON.stringify(sam) === JSON.stringify(terraform)
    ? []
    : [`${name}: ${JSON.stringify(sam)}, ${JSON.stringify(terraform)}`];

function normal(alarm) {
  const sorted = Object.entries(alarm ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([key, value]) => [key, String(value).replace(/^\$\{var\.(.*)\}$/, '$1')]);
}

function checkAlarms(sam, terraform) {
  const own = Object.fromEntries(
    Object.entries(sam).map(([name, alarm]) => [
      name,
      { ...alarm, threshold: terraformName(String(alarm.threshold)) },
    ]),
  );
  return [...new Set([...Object.keys(own), ...Object.keys(terraform)])].flatMap((name) =>
    compare(`alarm ${name}`, normal(own[name]), normal(terraform[name])),
  );
}

async function checkSame(sources) {
  const module = await readTerraform(sources);
  const template = readExpandedSam(sources);
  const [fn] = bodiesOf(module, 'aws_lambda_function');
  return [
    ...checkParameters(readSam(sources), module),
    ...checkMapping(template, module),
    ...checkBucket(module),
    ...checkAlarms(samAlarms(template), terraformAlarms(module)),
    ...compare(
      'environment',
      Object.keys(environmentOf(template)).sort(),
      Object.keys(localsOf(module).environment).sort(),
    ),
    ...compare(
      'reports',
      environmentOf(template).DYNAMITE_REPORT_BATCH_ITEM_FAILURES,
      localsOf(module).environment.DYNAMITE_REPORT_BATCH_ITEM_FAILURES,
    ),
    ...compare(
      'outputs',
      Object.keys(template.Outputs).map(terraformName).sort(),
      Object.keys(module.output).sort(),
    ),
    ...compare(
      'function',
      ['bootstrap', 'provided.al2023', ['${var.architecture}']],
      [fn.handler, fn.runtime, fn.architectures],
    ),
    ...compare(
      'schedule',
      '${jsonencode({ dynamite = "maintain" })}',
      bodiesOf(module, 'aws_scheduler_schedule')[0].target[0].input,
    ),
  ];
}

suite('Terraform module deploys what the SAM template deploys', checkSame, [
  [
    'another default',
    variables,
    /(variable "batch_size" (.*\n){3} *default *= )1000/,
    '$1100',
    /default of BatchSize/,
  ],
  ['a variable too many', variables, /^/, 'variable "colour" {\n}\n', /no parameter for colour/],
  [
    'a mapping whose answers are not read',
    main,
    /\n *function_response_types.*/,
    '',
    /function_response_types/,
  ],
  [
    'a mapping that ignores its variable',
    main,
    '= var.batch_size',
    '= 100',
    /batch_size of the mapping/,
  ],
  ['no destination', main, /\n *destination_config \{(.*\n){5}/, '\n', /no bucket/],
  [
    'a public bucket',
    bucket,
    'block_public_acls       = true',
    'block_public_acls       = false',
    /become public/,
  ],
  [
    'a bucket without encryption',
    bucket,
    /^resource "aws_s3_bucket_server(.*\n)*?^\}/m,
    '',
    /no server_side_encryption/,
  ],
  ['another threshold', alarms, /threshold( *)= 0/, 'threshold$1= 1', /alarm Errors/],
  ['an alarm that is only here', alarms, 'Throttles =', 'Throttling =', /alarm Throttling/],
  ['an environment of its own', main, 'DYNAMITE_ON_POISON ', 'DYNAMITE_POISON ', /environment/],
  ['a function that does not answer so', main, /(FAILURES = )"true"/, '$1"false"', /reports/],
  ['another schedule', main, 'dynamite = "maintain"', 'dynamite = "status"', /schedule/],
]);

async function checkDatabaseUrl(sources) {
  const [{ validation }] = (await readTerraform(sources)).variable.database_url;
  const [, pattern] = /^\$\{can\(regex\("(.*)", var\.database_url\)\)\}$/s.exec(validation[0].condition);
  return checkUrlPattern('database_url', new RegExp(JSON.parse(`"${pattern}"`)));
}

suite('Terraform takes a URL without a password', checkDatabaseUrl, [
  [
    'a pattern that lets a password in',
    'deploy/terraform/variables.tf',
    '([^:@/?]*@)?[^@?]*',
    '.*',
    /takes a password/,
  ],
]);
