// What the parameters of deploy/sam and deploy/terraform switch on, and that the rest is off.
import { decideConditions } from './cloudformation.mjs';
import { environmentOf, readExpandedSam, samPolicies } from './sam.mjs';
import { suite } from './suite.mjs';
import {
  bodiesOf,
  evaluate,
  localsOf,
  readTerraform,
  terraformName,
  terraformPolicies,
} from './terraform.mjs';

const sam = 'deploy/sam/template.yaml';
const iam = 'deploy/terraform/iam.tf';
const main = 'deploy/terraform/main.tf';
const network = 'deploy/terraform/network.tf';
const variables = 'deploy/terraform/variables.tf';

const secretArn = (name) => `arn:aws:secretsmanager:us-west-2:111122223333:secret:${name}-AbCdEf`;
const keyArn = (name) => `arn:aws:kms:us-west-2:111122223333:key/${name}`;

const login = { SecretArn: secretArn('dynamite/postgresql') };
const rdsIam = { Authentication: 'rds-iam', DatabaseResourceId: 'db-A1', DatabaseUser: 'dynamite' };
const hashKey = { HashKeySecretArn: secretArn('dynamite/hash-key') };
const always = ['invoke', 'lambda', 'maintain'];

// [parameters, policies besides those that are always there, whether there is a way to secrets].
const cases = [
  [login, ['lambda-secret'], true],
  [{ ...login, SecretKmsKeyArn: keyArn('a') }, ['lambda-secret', 'lambda-secret-key'], true],
  [rdsIam, ['lambda-rds-iam'], false],
  [{ ...rdsIam, ...hashKey }, ['hash-key-secret', 'lambda-rds-iam'], true],
  [
    { ...rdsIam, ...hashKey, CreateVpcEndpoints: 'false' },
    ['hash-key-secret', 'lambda-rds-iam'],
    false,
  ],
  [{ ...login, ...hashKey }, ['hash-key-secret', 'lambda-secret'], true],
  [
    { ...login, ...hashKey, HashKeySecretKmsKeyArn: keyArn('b') },
    ['hash-key-secret', 'hash-key-secret-key', 'lambda-secret'],
    true,
  ],
  [{ ...login, HashKeySecretKmsKeyArn: keyArn('b') }, ['lambda-secret'], true],
  [{ ...login, AllowReadBack: 'true' }, ['lambda-secret', 'read-back'], true],
];

function deployedBySam(sources, parameters) {
  const template = decideConditions(readExpandedSam(sources), parameters);
  return {
    policies: samPolicies(template).map(([name]) => name),
    secretEndpoint: 'SecretEndpoint' in template.Resources,
    hashKeySecret: environmentOf(template).DYNAMITE_HASH_KEY_SECRET,
  };
}

const valueOf = (text) => (['true', 'false'].includes(text) ? text === 'true' : text);

async function deployedByTerraform(module, parameters) {
  const given = Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [terraformName(name), valueOf(value)]),
  );
  const value = (expression) => evaluate(module, given, expression);
  const made = ({ count = 1 }) => value(count) === 1;
  const policies = await terraformPolicies(module);
  const endpoints = bodiesOf(module, 'aws_vpc_endpoint').flatMap(({ for_each: names = [] }) =>
    value(names),
  );
  return {
    policies: bodiesOf(module, 'aws_iam_role_policy')
      .map((body, index) => made(body) && policies[index][0])
      .filter(Boolean),
    secretEndpoint: endpoints.includes('secretsmanager'),
    // A variable that is set to nothing is not set.
    hashKeySecret: value(localsOf(module).environment.DYNAMITE_HASH_KEY_SECRET) || undefined,
  };
}

function compareDeployed(place, found, wanted) {
  found.policies.sort();
  return Object.entries(wanted)
    .map(([what, value]) => [what, JSON.stringify(found[what]), JSON.stringify(value)])
    .filter(([, one, other]) => one !== other)
    .map(([what, one, other]) => `${what} of ${place} is ${one}, wanted ${other}`);
}

async function checkCases(sources) {
  const module = await readTerraform(sources);
  const problems = [];
  for (const [parameters, policies, secretEndpoint] of cases) {
    const wanted = {
      policies: [...always, ...policies].sort(),
      secretEndpoint,
      hashKeySecret: parameters.HashKeySecretArn,
    };
    const given = `with ${Object.keys(parameters)}`;
    const terraform = await deployedByTerraform(module, parameters);
    problems.push(
      ...compareDeployed(`SAM ${given}`, deployedBySam(sources, parameters), wanted),
      ...compareDeployed(`Terraform ${given}`, terraform, wanted),
    );
  }
  return problems;
}

suite('Parameters decide what is granted', checkCases, [
  [
    'a right in SAM that nobody asked for',
    sam,
    "ReadBack: !Equals [!Ref AllowReadBack, 'true']",
    'ReadBack: !Equals [a, a]',
    /policies of SAM with SecretArn is/,
  ],
  [
    'a switch in SAM that is on',
    sam,
    /(AllowReadBack:\n.*\n {4}Default: )'false'/,
    "$1'true'",
    /policies of SAM with SecretArn is/,
  ],
  [
    'a switch in Terraform that is on',
    variables,
    /(variable "allow_read_back" \{(.*\n){3} *default *= )false/,
    '$1true',
    /policies of Terraform with SecretArn is/,
  ],
  [
    'a right in Terraform that nobody asked for',
    iam,
    'count = local.use_hash_key_secret && var.hash_key_secret_kms_key_arn != "" ? 1 : 0',
    'count = local.use_hash_key_secret ? 1 : 0',
    /policies of Terraform with SecretArn,HashKeySecretArn is/,
  ],
  [
    'a key without its secret',
    sam,
    'UseHashKeySecretKey: !And [!Condition UseHashKeySecret, ',
    'UseHashKeySecretKey: !And [!Condition MakeEndpoints, ',
    /policies of SAM with SecretArn,HashKeySecretKmsKeyArn is/,
  ],
  [
    'no way to the secret in SAM',
    sam,
    '!Or [!Condition UseSecret, !Condition UseHashKeySecret]',
    '!Condition UseSecret',
    /secretEndpoint of SAM with .*HashKeySecretArn is false/,
  ],
  [
    'no way to the secret in Terraform',
    network,
    'local.use_secret || local.use_hash_key_secret',
    'local.use_secret',
    /secretEndpoint of Terraform with .*HashKeySecretArn is false/,
  ],
  [
    'a function that is not told its secret',
    main,
    /(HASH_KEY_SECRET *= )var\.hash_key_secret_arn/,
    '$1""',
    /hashKeySecret of Terraform/,
  ],
]);

const patternOfSam = (sources) =>
  readExpandedSam(sources).Parameters.HashKeySecretArn.AllowedPattern;

async function patternOfTerraform(sources) {
  const [{ validation }] = (await readTerraform(sources)).variable.hash_key_secret_arn;
  return /regex\("\^\((.*)\)\$", /.exec(validation[0].condition)[1];
}

async function checkSecretArn(sources) {
  const patterns = {
    HashKeySecretArn: patternOfSam(sources),
    hash_key_secret_arn: await patternOfTerraform(sources),
  };
  const allowed = [
    '',
    hashKey.HashKeySecretArn,
    'arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:a/b',
  ];
  const refused = [
    'dynamite/hash-key',
    secretArn('*'),
    secretArn('dynamite/hash-ke?'),
    `${hashKey.HashKeySecretArn},${login.SecretArn}`,
    'arn:aws:secretsmanager:*:111122223333:secret:a',
    keyArn('a'),
  ];
  return Object.entries(patterns).flatMap(([name, pattern]) => {
    const takes = (text) => new RegExp(`^(${pattern})$`).test(text);
    return [
      ...allowed.filter((text) => !takes(text)).map((text) => `${name} refuses "${text}"`),
      ...refused.filter(takes).map((text) => `${name} takes "${text}"`),
    ];
  });
}

suite('The secret of the key of hash is one ARN', checkSecretArn, [
  [
    'a pattern that takes a name',
    sam,
    /(HashKeySecretArn:(\n.*){4}AllowedPattern: )'.*'/,
    "$1'.*'",
    /HashKeySecretArn takes "dynamite/,
  ],
  [
    'a pattern that takes patterns',
    variables,
    ':secret:[^:*?]+',
    ':secret:.+',
    /hash_key_secret_arn takes "arn.*\*/,
  ],
  ['a pattern that wants a secret', variables, '[^:*?]+)?)$', '[^:*?]+))$', /refuses ""/],
]);
