// What the checks read, as texts by path, so that a test can hand them a mutated copy.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const single = [
  'Makefile',
  'deploy/sam/template.yaml',
  'docs/configuration.md',
  'docs/lambda.md',
  'src/app/commands/lambda.cpp',
  'src/app/commands/maintain.cpp',
  'src/lambda/event_source_mapping.cpp',
  'src/lambda/metrics.cpp',
];

const listed = (folder, ending) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`);

export function readSources() {
  const paths = [...single, ...listed('deploy/iam', '.json'), ...listed('deploy/terraform', '.tf')];
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

export const under = (sources, folder) =>
  Object.entries(sources).filter(([path]) => path.startsWith(`${folder}/`));

/** `sources` with `from` replaced by `to` in `path`. A mutation without effect is an error. */
export function mutated(sources, path, from, to) {
  const text = sources[path].replace(from, to);
  if (text === sources[path]) throw new Error(`mutation of ${path} found no ${from}`);
  return { ...sources, [path]: text };
}
