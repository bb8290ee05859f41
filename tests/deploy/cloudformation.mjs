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

/** Calls visit(object) for each object in `value`. */
export function walk(value, visit) {
  if (value === null || typeof value !== 'object') return;
  if (!Array.isArray(value)) visit(value);
  for (const member of Object.values(value)) walk(member, visit);
}
