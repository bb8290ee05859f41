// Checks resources against AWS's own description of CloudFormation and SAM types.
import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';

const spec = loadAwsServiceSpecSync();

const isIntrinsic = (value) =>
  value !== null &&
  typeof value === 'object' &&
  !Array.isArray(value) &&
  Object.keys(value).length === 1 &&
  /^(Ref$|Fn::)/.test(Object.keys(value)[0]);

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

const plain = {
  string: (value) => typeof value === 'string' || typeof value === 'number',
  integer: Number.isInteger,
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  'date-time': (value) => typeof value === 'string',
  json: () => true,
  tag: isObject,
};

/** The values that an intrinsic can become; none where only AWS knows. */
function outcomes(value) {
  if (!isIntrinsic(value)) return [value];
  if (!value['Fn::If']) return [];
  const [, yes, no] = value['Fn::If'];
  return [yes, no].filter((one) => one?.Ref !== 'AWS::NoValue').flatMap(outcomes);
}

function checkOne(value, type, place) {
  switch (type.type) {
    case 'array':
      if (!Array.isArray(value)) return [`${place} is no list`];
      return value.flatMap((element, index) =>
        checkValue(element, type.element, `${place}[${index}]`),
      );
    case 'map':
      if (!isObject(value)) return [`${place} is no map`];
      return Object.entries(value).flatMap(([key, member]) =>
        checkValue(member, type.element, `${place}.${key}`),
      );
    case 'ref':
      return checkProperties(
        value,
        spec.get('typeDefinition', type.reference.$ref).properties,
        place,
      );
    case 'union': {
      const problems = type.types.map((one) => checkOne(value, one, place));
      return problems.some((found) => found.length === 0) ? [] : problems[0];
    }
    default:
      return plain[type.type](value)
        ? []
        : [`${place} is ${JSON.stringify(value)}, wanted ${type.type}`];
  }
}

function checkValue(value, type, place) {
  return outcomes(value).flatMap((one) => checkOne(one, type, place));
}

function checkProperties(value, properties, place) {
  if (!isObject(value)) return [`${place} is no object`];
  const problems = [];
  for (const [name, property] of Object.entries(properties))
    if (property.required && !(name in value)) problems.push(`${place} lacks ${name}`);
  for (const [name, member] of Object.entries(value)) {
    if (!(name in properties)) problems.push(`${place} knows no ${name}`);
    else problems.push(...checkValue(member, properties[name].type, `${place}.${name}`));
  }
  return problems;
}

const resourceOf = (type) => spec.lookup('resource', 'cloudFormationType', 'equals', type)[0];

/** The properties that a resource of `type` has. */
export const propertiesOf = (type) => Object.keys(resourceOf(type).properties);

/** The attributes that Fn::GetAtt finds on a resource of `type`. */
export function attributesOf(type) {
  // SAM's function becomes a function of CloudFormation under the same name.
  const resource = resourceOf(type.replace('AWS::Serverless::Function', 'AWS::Lambda::Function'));
  return Object.keys(resource?.attributes ?? {});
}

export function checkResource(name, { Type: type, Properties: properties = {} }) {
  const resource = resourceOf(type);
  if (!resource) return [`${name} has the unknown type ${type}`];
  return checkProperties(properties, resource.properties, name);
}
