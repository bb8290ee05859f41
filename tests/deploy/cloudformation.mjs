// Reads the SAM template: YAML with CloudFormation's short tags, its loops expanded.
import { parseDocument } from 'yaml';

const longName = (tag) =>
  tag === '!Ref' || tag === '!Condition' ? tag.slice(1) : `Fn::${tag.slice(1)}`;

const shortTags = [
  'Ref',
  'Condition',
  'Sub',
  'GetAtt',
  'If',
  'Not',
  'And',
  'Or',
  'Equals',
  'Join',
  'Select',
  'Split',
]
  .map((name) => `!${name}`)
  .flatMap((tag) => [
    {
      tag,
      resolve: (text) => ({ [longName(tag)]: tag === '!GetAtt' ? splitAttribute(text) : text }),
    },
    { tag, collection: 'seq', resolve: (list) => ({ [longName(tag)]: list.toJSON() }) },
  ]);

function splitAttribute(text) {
  const dot = text.indexOf('.');
  return [text.slice(0, dot), text.slice(dot + 1)];
}

const loopName = /^Fn::ForEach::[A-Za-z0-9]+$/;

function substitute(value, identifier, item) {
  if (typeof value === 'string')
    return value
      .replaceAll(`\${${identifier}}`, item)
      .replaceAll(`&{${identifier}}`, item.replace(/[^A-Za-z0-9]/g, ''));
  if (Array.isArray(value)) return value.map((element) => substitute(element, identifier, item));
  if (value === null || typeof value !== 'object') return value;
  if (value.Ref === identifier) return item;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      substitute(key, identifier, item),
      substitute(member, identifier, item),
    ]),
  );
}

/** The template as an object in the long form. Throws if it is no YAML. */
export function parseTemplate(text) {
  const document = parseDocument(text, { customTags: shortTags });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw problem;
  return document.toJS();
}

/** The template with each loop over a parameter run for `items`, as CloudFormation does it. */
export function expandLoops(template, items) {
  const resources = {};
  for (const [name, body] of Object.entries(template.Resources)) {
    if (!loopName.test(name)) {
      resources[name] = body;
      continue;
    }
    const [identifier, collection, fragment] = body;
    for (const item of items[collection.Ref])
      Object.assign(resources, substitute(fragment, identifier, item));
  }
  return { ...template, Resources: resources };
}

const noValue = Symbol('AWS::NoValue');

/**
 * The template as CloudFormation deploys it with `given` parameters: conditions are decided, and
 * parameters are their values. What only AWS knows stays as it is.
 */
export function decideConditions(template, given) {
  const parameters = Object.fromEntries(
    Object.entries(template.Parameters).map(([name, { Default: value }]) => [
      name,
      given[name] ?? value,
    ]),
  );
  const holds = (condition) => resolve(template.Conditions[condition]);
  const functions = {
    Ref: (name) => (name === 'AWS::NoValue' ? noValue : (parameters[name] ?? { Ref: name })),
    Condition: holds,
    'Fn::Equals': ([one, other]) => String(one) === String(other),
    'Fn::Not': ([one]) => !one,
    'Fn::And': (all) => all.every(Boolean),
    'Fn::Or': (any) => any.some(Boolean),
    'Fn::Join': ([separator, list]) => [list].flat().join(separator),
  };
  function resolve(value) {
    if (Array.isArray(value)) return value.map(resolve).filter((element) => element !== noValue);
    if (value === null || typeof value !== 'object') return value;
    const members = Object.entries(value);
    if (members.length === 1) {
      const [[name, argument]] = members;
      if (name === 'Fn::If') return resolve(holds(argument[0]) ? argument[1] : argument[2]);
      if (name in functions) return functions[name](resolve(argument));
    }
    const resolved = members.map(([name, member]) => [name, resolve(member)]);
    return Object.fromEntries(resolved.filter(([, member]) => member !== noValue));
  }
  const resources = Object.entries(template.Resources).filter(
    ([, { Condition: condition }]) => condition === undefined || holds(condition),
  );
  return { ...template, Resources: resolve(Object.fromEntries(resources)) };
}

/** Calls visit(object) for each object in `value`. */
export function walk(value, visit) {
  if (value === null || typeof value !== 'object') return;
  if (!Array.isArray(value)) visit(value);
  for (const member of Object.values(value)) walk(member, visit);
}
