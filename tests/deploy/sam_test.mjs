// deploy/sam/template.yaml against AWS's schema, itself, and what the program needs.
import { parseTemplate, walk } from './cloudformation.mjs';
import { checkUrlPattern } from './database_url.mjs';
import {
  environmentOf,
  mappingsOf,
  ofType,
  readExpandedSam,
  readSam,
  samAlarms,
  theFunction,
} from './sam.mjs';
import { attributesOf, checkResource } from './schema.mjs';
import { suite } from './suite.mjs';

const path = 'deploy/sam/template.yaml';

function checkSchema(sources) {
  const template = readExpandedSam(sources);
  const problems = Object.entries(template.Resources).flatMap(([name, resource]) =>
    checkResource(name, resource),
  );
  for (const name of [...Object.keys(template.Resources), ...Object.keys(template.Parameters)])
    if (!/^[A-Za-z0-9]{1,255}$/.test(name)) problems.push(`${name} is no logical ID`);
  const transforms = template.Transform.join();
  if (transforms !== 'AWS::LanguageExtensions,AWS::Serverless-2016-10-31')
    problems.push(`transforms are ${transforms}`);
  return problems;
}

suite('SAM template fits the schema', checkSchema, [
  ['a misspelt property', path, 'BatchSize: !Ref', 'BatchSise: !Ref', /knows no BatchSise/],
  ['a missing property', path, /\n *GroupDescription: .*/, '', /lacks GroupDescription/],
  [
    'a misspelt property below another',
    path,
    'OnFailure:',
    'OnFail:',
    /DestinationConfig knows no OnFail/,
  ],
  [
    'a text for a number',
    path,
    'EvaluationPeriods: 15',
    'EvaluationPeriods: some',
    /wanted integer/,
  ],
  ['a text for a list', path, '[ReportBatchItemFailures]', 'ReportBatchItemFailures', /is no list/],
  ['an unknown type', path, 'AWS::Scheduler::Schedule', 'AWS::Scheduler::Timer', /unknown type/],
  [
    'a loop that keeps colons in the ID',
    path,
    'Mapping&{StreamArn}',
    'Mapping${StreamArn}',
    /is no logical ID/,
  ],
  ['transforms in the wrong order', path, /\[(AWS::L\w+), (.*)\]/, '[$2, $1]', /transforms are/],
]);

const pseudo = ['AccountId', 'NoValue', 'Partition', 'Region', 'StackName', 'URLSuffix'].map(
  (name) => `AWS::${name}`,
);

/** Every name that is used: [kind, name]. */
function usesOf(template) {
  const uses = [];
  walk(template, (object) => {
    if (typeof object.Ref === 'string') uses.push(['ref', object.Ref]);
    if (object['Fn::GetAtt']) uses.push(['attribute', object['Fn::GetAtt'].join('.')]);
    if (typeof object.Condition === 'string') uses.push(['condition', object.Condition]);
    if (object['Fn::If']) uses.push(['condition', object['Fn::If'][0]]);
    if (typeof object.DependsOn === 'string') uses.push(['resource', object.DependsOn]);
    if (typeof object['Fn::Sub'] === 'string')
      for (const [, name] of object['Fn::Sub'].matchAll(/\$\{([^}]+)\}/g))
        uses.push([name.includes('.') ? 'attribute' : 'ref', name]);
  });
  return uses;
}

function checkNames(sources) {
  const template = readExpandedSam(sources);
  const raw = usesOf(readSam(sources));
  const { Parameters: parameters, Resources: resources, Conditions: conditions } = template;
  const known = {
    ref: (name) => name in parameters || name in resources || pseudo.includes(name),
    condition: (name) => name in conditions,
    resource: (name) => name in resources,
    attribute: (name) => {
      const [resource, ...attribute] = name.split('.');
      return (
        resource in resources &&
        attributesOf(resources[resource].Type).includes(attribute.join('.'))
      );
    },
  };
  const problems = usesOf(template)
    .filter(([kind, name]) => !known[kind](name))
    .map(([kind, name]) => `there is no ${kind} ${name}`);
  const used = new Set(raw.map(([, name]) => name));
  for (const name of [...Object.keys(parameters), ...Object.keys(conditions)])
    if (!used.has(name)) problems.push(`${name} is not used`);
  for (const name of Object.keys(parameters))
    if (name in resources) problems.push(`${name} is two things`);
  return problems;
}

suite('SAM template uses what it defines', checkNames, [
  ['a reference to nothing', path, '!Ref MemorySize', '!Ref MemoSize', /no ref MemoSize/],
  ['a parameter without use', path, 'Timeout: !Ref Timeout', 'Timeout: 60', /Timeout is not used/],
  [
    'an attribute that the type has not',
    path,
    'FailureBucket.Arn',
    'FailureBucket.Name',
    /no attribute FailureBucket\.Name/,
  ],
  [
    'a condition that is not there',
    path,
    'Condition: OpenDatabase',
    'Condition: OpenDb',
    /no condition OpenDb/,
  ],
  [
    'a misspelt name in a text',
    path,
    'log-group:/aws/lambda/${FunctionName}',
    'log-group:/aws/lambda/${Name}',
    /no ref Name/,
  ],
  ['a parameter named as a resource', path, /IteratorAgeLimit/g, 'IteratorAgeAlarm', /two things/],
]);

function checkDefault(name, { Default: value, ...parameter }) {
  if (value === undefined) return [];
  const {
    AllowedValues: allowed,
    AllowedPattern: pattern,
    MinValue: min,
    MaxValue: max,
  } = parameter;
  const fits =
    (!allowed || allowed.includes(value)) &&
    (!pattern || new RegExp(`^(${pattern})$`).test(value)) &&
    (min === undefined || value >= min) &&
    (max === undefined || value <= max);
  return fits ? [] : [`the default of ${name} is not allowed`];
}

function checkParameters(sources) {
  const { Parameters: parameters } = parseTemplate(sources[path]);
  const problems = Object.entries(parameters).flatMap(([name, parameter]) =>
    checkDefault(name, parameter),
  );
  for (const [name, { Description: text }] of Object.entries(parameters))
    if (!text?.endsWith('.')) problems.push(`${name} is not described`);
  const url = new RegExp(`^(${parameters.DatabaseUrl.AllowedPattern})$`);
  return [...problems, ...checkUrlPattern('DatabaseUrl', url)];
}

suite('SAM parameters are described and have defaults that they allow', checkParameters, [
  ['a default out of range', path, 'Default: 256', 'Default: 64', /default of MemorySize/],
  [
    'a default that is not offered',
    path,
    'Default: quarantine',
    'Default: ignore',
    /default of OnPoison/,
  ],
  [
    'a parameter without description',
    path,
    /\n {4}Description: Port of.*/,
    '',
    /DatabasePort is not described/,
  ],
  ['a pattern that lets a password in', path, '([^:@/?]*@)?[^@?]*', '.*', /takes a password/],
  ['a parameter that is one', path, '(sslmode|', '(sslmode|sslpassword|', /takes a password/],
]);

function checkMapping(mapping) {
  const problems = [];
  const want = (holds, text) => holds || problems.push(text);
  want(mapping.StartingPosition === 'TRIM_HORIZON', 'starts elsewhere than at TRIM_HORIZON');
  want(
    mapping.FunctionResponseTypes?.join() === 'ReportBatchItemFailures',
    'does not report item failures',
  );
  want(mapping.BisectBatchOnFunctionError === true, 'does not bisect');
  want(
    mapping.DestinationConfig?.OnFailure.Destination['Fn::GetAtt']?.[0] === 'FailureBucket',
    'has no bucket',
  );
  for (const name of [
    'BatchSize',
    'MaximumBatchingWindowInSeconds',
    'ParallelizationFactor',
    'MaximumRecordAgeInSeconds',
    'MaximumRetryAttempts',
    'EventSourceArn',
  ])
    want(name in mapping, `has no ${name}`);
  return problems.map((text) => `a mapping ${text}`);
}

function checkBucket(bucket) {
  const problems = [];
  if (!bucket.BucketEncryption) problems.push('the bucket is not encrypted');
  const blocked = Object.values(bucket.PublicAccessBlockConfiguration ?? {});
  if (blocked.length !== 4 || blocked.includes(false))
    problems.push('the bucket may become public');
  if (!bucket.LifecycleConfiguration?.Rules[0].ExpirationInDays)
    problems.push('the bucket keeps everything');
  return problems;
}

function checkFunction(fn) {
  const wanted = {
    Runtime: 'provided.al2023',
    Architectures: [{ Ref: 'Architecture' }],
    CodeUri: '../../build/dynamite-lambda.zip',
  };
  return Object.entries(wanted)
    .filter(([name, value]) => JSON.stringify(fn[name]) !== JSON.stringify(value))
    .map(([name]) => `the function's ${name} is ${JSON.stringify(fn[name])}`);
}

const keysOf = (sources) =>
  [...sources['docs/configuration.md'].matchAll(/^\| `(\w+)` \|/gm)].map(
    ([, key]) => `DYNAMITE_${key.toUpperCase()}`,
  );

function checkEnvironment(sources, environment) {
  const known = [...keysOf(sources), 'DYNAMITE_LOG_FORMAT', 'DYNAMITE_LOG_LEVEL'];
  const problems = Object.keys(environment)
    .filter((name) => !known.includes(name))
    .map((name) => `the program knows no ${name}`);
  if (environment.DYNAMITE_REPORT_BATCH_ITEM_FAILURES !== 'true')
    problems.push('the function reports no item failures');
  return problems;
}

function checkAlarmMetrics(sources, template) {
  const program = sources['src/lambda/metrics.cpp'] + sources['src/app/commands/maintain.cpp'];
  return Object.values(samAlarms(template))
    .filter(
      ({ namespace, metric }) => namespace === 'Dynamite' && !program.includes(`{"${metric}",`),
    )
    .map(({ metric }) => `the program measures no ${metric}`);
}

function checkMeaning(sources) {
  const template = readExpandedSam(sources);
  const mappings = mappingsOf(template);
  const problems = mappings.flatMap(checkMapping);
  if (new Set(mappings.map((mapping) => mapping.EventSourceArn)).size !== 2)
    problems.push('not one mapping a stream');
  if (template.Parameters.MaximumRecordAge.Default >= 86400)
    problems.push('records outlive their stream');
  problems.push(...checkBucket(template.Resources.FailureBucket.Properties));
  problems.push(...checkFunction(theFunction(template)));
  problems.push(...checkEnvironment(sources, environmentOf(template)));
  problems.push(...checkAlarmMetrics(sources, template));
  const input = ofType(template, 'AWS::Scheduler::Schedule')[0]?.[1].Properties.Target.Input;
  if (input !== '{"dynamite":"maintain"}') problems.push('the schedule does not maintain');
  return problems;
}

suite('SAM template deploys what the program needs', checkMeaning, [
  [
    'a mapping whose answers are not read',
    path,
    /\n *FunctionResponseTypes:.*/,
    '',
    /does not report item failures/,
  ],
  [
    'a function that does not answer so',
    path,
    /(FAILURES: )'true'/,
    "$1'false'",
    /function reports no/,
  ],
  [
    'a start at LATEST',
    path,
    'StartingPosition: TRIM_HORIZON',
    'StartingPosition: LATEST',
    /TRIM_HORIZON/,
  ],
  ['no bisection', path, 'OnFunctionError: true', 'OnFunctionError: false', /does not bisect/],
  ['no destination', path, /\n *DestinationConfig:\n.*\n.*/, '', /has no bucket/],
  [
    'one stream for all mappings',
    path,
    'EventSourceArn: !Ref StreamArn',
    'EventSourceArn: x',
    /one mapping a stream/,
  ],
  ['records kept too long', path, 'Default: 79200', 'Default: 86400', /outlive/],
  ['a public bucket', path, 'BlockPublicPolicy: true', 'BlockPublicPolicy: false', /become public/],
  [
    'a bucket without encryption',
    path,
    /BucketEncryption:(\n {8,}.*)+/,
    'ObjectLockEnabled: false',
    /not encrypted/,
  ],
  ['another runtime', path, 'provided.al2023', 'provided.al2', /Runtime/],
  [
    'a key that the program does not know',
    path,
    'DYNAMITE_ON_POISON',
    'DYNAMITE_POISON',
    /knows no DYNAMITE_POISON/,
  ],
  [
    'an alarm on a metric that nobody writes',
    path,
    'MetricName: OpenGaps',
    'MetricName: Gaps',
    /measures no Gaps/,
  ],
  [
    'a schedule that says something else',
    path,
    '{"dynamite":"maintain"}',
    '{}',
    /does not maintain/,
  ],
]);
