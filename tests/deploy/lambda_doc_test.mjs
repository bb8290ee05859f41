// docs/lambda.md: its commands parse, and its names are those of the templates and the program.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { blocksIn, docPath, proseOf, tableUnder, unquoted, wordsOf } from './lambda_doc.mjs';
import { readExpandedSam, readSam, samAlarms } from './sam.mjs';
import { propertiesOf } from './schema.mjs';
import { root, under } from './sources.mjs';
import { suite } from './suite.mjs';
import { parseExpression, readTerraform, terraformName } from './terraform.mjs';

const program = process.env.DYNAMITE_PROGRAM;
if (!program)
  throw new Error('DYNAMITE_PROGRAM is not set, wanted the path of the program dynamite');

const helps = new Map();

/** What `dynamite WORDS --help` prints. */
function helpOf(...words) {
  const key = words.join(' ');
  if (!helps.has(key)) {
    const run = spawnSync(program, [...words, '--help'], { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`dynamite ${key} --help: ${run.stderr}`);
    helps.set(key, run.stdout);
  }
  return helps.get(key);
}

/** The words after each `dynamite`, in shell blocks and in the prose. */
function callsOf(doc) {
  const shell = blocksIn(doc, 'sh').join('').replaceAll('\\\n', ' ');
  return [
    ...[...shell.matchAll(/\bbin\/dynamite(?:-lambda)?(?= )([^|;&<>)\n]*)/g)].map(([, rest]) => rest),
    ...wordsOf(doc)
      .filter((word) => word.startsWith('dynamite '))
      .map((word) => word.slice('dynamite'.length)),
  ].map((rest) => rest.trim().split(/\s+/).filter(Boolean));
}

function checkCall(words) {
  const command = words[0].startsWith('-') ? '' : words[0];
  if (command && !new RegExp(`^  ${command} `, 'm').test(helpOf()))
    return [`dynamite has no command ${command}`];
  const help = helpOf() + (command ? helpOf(command) : '');
  return words
    .filter((word) => word.startsWith('--'))
    .map((word) => word.split('=')[0])
    .filter((option) => !help.includes(`${option} `))
    .map((option) => `dynamite ${command} has no option ${option}`);
}

const options = {
  'sam deploy': ['--template-file', '--config-file'],
  'sam delete': ['--stack-name'],
  'terraform init': [],
  'terraform apply': [],
};

function checkTool(line) {
  const [tool, command, ...rest] = line.trim().split(/\s+/);
  const known = options[`${tool} ${command}`];
  if (!known) return [`${tool} has no command ${command}`];
  return rest
    .filter((word) => word.startsWith('--') && !known.includes(word))
    .map((option) => `${tool} ${command} has no option ${option}`);
}

function checkCommands(sources) {
  const doc = sources[docPath];
  const problems = callsOf(doc).flatMap(checkCall);
  for (const block of blocksIn(doc, 'sh')) {
    const parsed = spawnSync('bash', ['-n'], { input: block, encoding: 'utf8' });
    if (parsed.status !== 0 || parsed.stderr)
      problems.push(`bash does not parse ${block}: ${parsed.stderr}`);
    problems.push(...(block.match(/^(sam|terraform) .*$/gm) ?? []).flatMap(checkTool));
    for (const [, target] of block.matchAll(/^make (\w+)$/gm))
      if (!new RegExp(`^${target}:`, 'm').test(sources.Makefile))
        problems.push(`make knows no ${target}`);
    for (const [payload] of block.matchAll(/'\{"dynamite":.*?'/g)) {
      const { dynamite: name } = JSON.parse(payload.slice(1, -1));
      if (!sources['src/app/commands/lambda.cpp'].includes(`name == "${name}"`))
        problems.push(`there is no one-shot ${name}`);
    }
  }
  return problems;
}

suite('Commands of lambda.md parse', checkCommands, [
  ['a quote that is not closed', docPath, '>dynamite.toml', "'", /bash does not parse/],
  ['a loop that does not end', docPath, '\ndone\n', '\n', /bash does not parse/],
  [
    'a command that dynamite has not',
    docPath,
    'bin/dynamite snapshot',
    'bin/dynamite copy',
    /no command copy/,
  ],
  [
    'an option that it has not',
    docPath,
    'bin/dynamite compare',
    'bin/dynamite compare --fast',
    /no option --fast/,
  ],
  [
    'an option of another command',
    docPath,
    'bin/dynamite status',
    'bin/dynamite status --once',
    /no option --once/,
  ],
  ['a command in the prose', docPath, '`dynamite status`', '`dynamite state`', /no command state/],
  [
    'an option that SAM has not',
    docPath,
    'sam delete --stack-name',
    'sam delete --stack',
    /sam delete has no option/,
  ],
  [
    'a command that Terraform has not',
    docPath,
    'terraform apply\n',
    'terraform deploy\n',
    /no command deploy/,
  ],
  [
    'a target that make knows not',
    docPath,
    '\nmake package\n',
    '\nmake zip\n',
    /make knows no zip/,
  ],
  [
    'a one-shot that is not there',
    docPath,
    '{"dynamite":"status"}',
    '{"dynamite":"state"}',
    /no one-shot state/,
  ],
]);

const secretly = /PGPASSWORD=|--secret-string (?!file:)|:\/\/[^:@/\s"$]+:[^@\s]+@|--password/;

function checkSecrets(sources) {
  return blocksIn(sources[docPath], 'sh')
    .flatMap((block) => block.split('\n'))
    .filter((line) => secretly.test(line))
    .map((line) => `a secret on a command line: ${line}`);
}

suite('lambda.md has no secret on a command line', checkSecrets, [
  ['a secret as an argument', docPath, 'file://secret.json', '"$PASSWORD"', /a secret on/],
  [
    'a password in the environment',
    docPath,
    'bin/dynamite status',
    'PGPASSWORD=x bin/dynamite status',
    /a secret on/,
  ],
  [
    'a password in a URL',
    docPath,
    /DATABASE_URL=postgresql:\/\/dynamite@/,
    'DATABASE_URL=postgresql://dynamite:x@',
    /a secret on/,
  ],
]);

const camel = /^[A-Z][a-z]+(?:[A-Z][a-z]*)*$/;

// Words in this form that are neither parameters nor outputs nor known to a schema or the program.
const others = [
  'Dynamite',
  'DatabaseConnectionsCurrentlySessionPinned',
  'FunctionError',
  'DbClusterResourceId',
  'IteratorAge',
  'LagMilliseconds',
];

function knownWords(sources, template) {
  const metrics = [...sources['src/lambda/metrics.cpp'].matchAll(/\{"([A-Za-z]+)",/g)].map(
    ([, name]) => name,
  );
  return new Set([
    ...Object.keys(template.Parameters),
    ...Object.keys(template.Outputs),
    ...propertiesOf('AWS::Lambda::EventSourceMapping'),
    'ReportBatchItemFailures',
    ...metrics,
    ...others,
  ]);
}

/** NAME of each "NAME=value" that the page gives to SAM. */
const overridesOf = (doc) =>
  [...doc.matchAll(/"([A-Za-z]+)=[^"\n]*"/g)]
    .map(([, name]) => name)
    .filter((name) => camel.test(name));

function checkParameters(sources) {
  const doc = sources[docPath];
  const template = readSam(sources);
  const known = knownWords(sources, template);
  const problems = wordsOf(doc)
    .filter((word) => camel.test(word) && !known.has(word))
    .map((word) => `${word} is nothing`);
  const overrides = overridesOf(doc);
  for (const name of overrides)
    if (!(name in template.Parameters)) problems.push(`${name} is no parameter`);
  for (const [name, parameter] of Object.entries(template.Parameters)) {
    if (!doc.includes(`\`${name}\``) && !overrides.includes(name))
      problems.push(`${name} is not in the page`);
    if (!('Default' in parameter) && !overrides.includes(name))
      problems.push(`${name} is needed and not given`);
  }
  return problems;
}

suite('Parameters of lambda.md are those of the template', checkParameters, [
  [
    'a parameter that is not there',
    docPath,
    '`BatchingWindow`',
    '`BatchWindow`',
    /BatchWindow is nothing/,
  ],
  ['a misspelt override', docPath, '"VpcId=', '"Vpc=', /Vpc is no parameter/],
  ['a needed parameter left out', docPath, /\n *"TableArns=.*/, '', /TableArns is needed/],
  [
    'a parameter that the page forgets',
    docPath,
    /`Timeout`/g,
    'time',
    /Timeout is not in the page/,
  ],
  [
    'a new parameter',
    'deploy/sam/template.yaml',
    'Parameters:\n',
    'Parameters:\n  Colour:\n    Type: String\n',
    /Colour/,
  ],
]);

function checkDefaults(sources) {
  const { Parameters: parameters } = readSam(sources);
  const rows = tableUnder(sources[docPath], 'Which value to choose when');
  const problems = rows.length < 15 ? ['the table of values is not found'] : [];
  for (const [names, defaults, advice] of rows) {
    if (!advice) problems.push(`no advice for ${names}`);
    unquoted(names)
      .split(', ')
      .forEach((name, index) => {
        const given = unquoted(defaults).split(', ')[index];
        const value = String(parameters[name]?.Default);
        // An empty default is told in words.
        if (value !== '' && value !== given)
          problems.push(`the default of ${name} is ${value}, not ${given}`);
      });
  }
  return problems;
}

suite('Defaults in lambda.md are those of the template', checkDefaults, [
  [
    'another default in the template',
    'deploy/sam/template.yaml',
    'Default: 79200',
    'Default: 80000',
    /MaximumRecordAge is 80000/,
  ],
  [
    'another default in the page',
    docPath,
    '| `MemorySize` | 256',
    '| `MemorySize` | 512',
    /MemorySize is 256/,
  ],
  [
    'a row without advice',
    docPath,
    /(\| `DatabasePort` \| 5432 \|).*\|/,
    '$1 |',
    /no advice for `DatabasePort`/,
  ],
]);

/** The arguments of the module in a block of HCL. */
async function moduleArguments(block) {
  const [, body] = /^module "\w+" \{\n(.*)^\}/ms.exec(block);
  const { source: _, ...given } = await parseExpression(`{\n${body}}`);
  return Object.keys(given);
}

async function checkModule(sources) {
  const { variable: variables } = await readTerraform(sources);
  const problems = [];
  for (const block of blocksIn(sources[docPath], 'hcl')) {
    const given = await moduleArguments(block);
    for (const name of given) if (!(name in variables)) problems.push(`the module has no ${name}`);
    for (const [name, [{ default: value }]] of Object.entries(variables))
      if (value === undefined && !given.includes(name)) problems.push(`the module needs ${name}`);
  }
  const { Outputs: outputs } = readSam(sources);
  for (const name of Object.keys(outputs).map(terraformName))
    if (name === 'failure_bucket_name' && !sources[docPath].includes(`\`${name}\``))
      problems.push(`no word of ${name}`);
  return problems;
}

suite('The Terraform example of lambda.md fits the module', checkModule, [
  ['an argument that the module has not', docPath, /^ {2}vpc_id( +)=/m, '  vpc$1=', /has no vpc/],
  ['a needed argument left out', docPath, /\n {2}database_url .*/, '', /needs database_url/],
]);

function checkAlarms(sources) {
  const alarms = Object.keys(samAlarms(readExpandedSam(sources))).sort();
  const rows = tableUnder(sources[docPath], 'Alarms').map(([name]) =>
    unquoted(name).replace(/^dynamite-/, ''),
  );
  const same = rows.sort().join() === alarms.join();
  return same ? [] : [`the alarms are ${alarms}, the page has ${rows}`];
}

suite('lambda.md says what to do for each alarm', checkAlarms, [
  ['an alarm without advice', docPath, /\n\| `dynamite-Throttles`.*/, '', /Throttles/],
  [
    'an alarm that is not there',
    'deploy/sam/template.yaml',
    /ThrottlesAlarm:/,
    'ThrottledAlarm:',
    /Throttled/,
  ],
]);

const linkedFiles = (doc) =>
  [...proseOf(doc).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, path]) =>
    join(dirname(docPath), path),
  );

function checkLinks(sources) {
  const linked = linkedFiles(sources[docPath]);
  const problems = linked
    .filter((path) => !existsSync(join(root, path)))
    .map((path) => `${path} is not there`);
  for (const [path] of under(sources, 'deploy/iam'))
    if (!linked.includes(relative('.', path))) problems.push(`${path} is not linked`);
  return problems;
}

suite('lambda.md links to what is there, and to every policy', checkLinks, [
  ['a link to nothing', docPath, '(protocol.md)', '(protocols.md)', /protocols\.md is not there/],
  [
    'a policy without link',
    docPath,
    '(../deploy/iam/invoke.json)',
    '(../deploy/iam/lambda.json)',
    /invoke\.json is not linked/,
  ],
]);
