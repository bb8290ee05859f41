// What the module deploy/terraform says.
import { parse } from '@cdktf/hcl2json';

import { under } from './sources.mjs';

/** Adds `part` to `whole`: blocks of a kind are members by label, or lists. */
function merge(whole, part) {
  for (const [key, value] of Object.entries(part)) {
    if (Array.isArray(value)) whole[key] = [...(whole[key] ?? []), ...value];
    else whole[key] = merge(whole[key] ?? {}, value);
  }
  return whole;
}

/** The module as one object; expressions are texts of the form "${…}". Throws if it is no HCL. */
export async function readTerraform(sources) {
  const whole = {};
  for (const [path, text] of under(sources, 'deploy/terraform'))
    merge(whole, await parse(path, text));
  return whole;
}

/** One HCL expression as a value. */
export async function parseExpression(expression) {
  return (await parse('expression.tf', `value = ${expression}\n`)).value;
}

export const localsOf = (module) => Object.assign({}, ...module.locals);

/** [type, name, body] of each resource. */
export const resourcesOf = (module) =>
  Object.entries(module.resource).flatMap(([type, named]) =>
    Object.entries(named).map(([name, [body]]) => [type, name, body]),
  );

export const bodiesOf = (module, type) =>
  resourcesOf(module)
    .filter(([kind]) => kind === type)
    .map(([, , body]) => body);

/** Policies of all roles: name and statements. */
export async function terraformPolicies(module) {
  const policies = bodiesOf(module, 'aws_iam_role_policy');
  return Promise.all(
    policies.map(async ({ name, policy }) => {
      const [, object] = /^\$\{jsonencode\((.*)\)\}$/s.exec(policy);
      return [name, (await parseExpression(object)).Statement];
    }),
  );
}

const functions = {
  concat: (...lists) => lists.flat(),
  toset: (list) => list,
};

/**
 * The value of an expression "${…}" of the module with `given` variables, as far as HCL and
 * JavaScript write it alike. Another value is itself.
 */
export function evaluate(module, given, value) {
  const expression = /^\$\{(.*)\}$/s.exec(value)?.[1];
  if (expression === undefined) return value;
  const code = expression.replace(/\bvar\./g, 'variables.').replace(/\blocal\./g, 'locals.');
  const variables = Object.fromEntries(
    Object.entries(module.variable).map(([name, [{ default: fallback }]]) => [
      name,
      given[name] ?? fallback,
    ]),
  );
  const locals = new Proxy(localsOf(module), {
    get: (all, name) => evaluate(module, given, all[name]),
  });
  const known = { variables, locals, ...functions };
  return new Function(...Object.keys(known), `return ${code};`)(...Object.values(known));
}

const snake = (name) => name.replace(/(?<!^)(?=[A-Z])/g, '_').toLowerCase();

/** The name in Terraform of a parameter or an output of the SAM template. */
export const terraformName = snake;

const dimensionsOf = {
  '${local.of_function}': ['FunctionName'],
  '${local.of_bucket}': ['BucketName', 'FilterId'],
};

export function terraformAlarms(module) {
  return Object.fromEntries(
    Object.entries(localsOf(module).alarms).map(([name, { description, ...alarm }]) => [
      name,
      { ...alarm, dimensions: dimensionsOf[alarm.dimensions] },
    ]),
  );
}
