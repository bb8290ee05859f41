// Runs a check on what is there, and on copies with one mistake each, which it has to find.
import assert from 'node:assert/strict';
import test from 'node:test';

import { mutated, readSources } from './sources.mjs';

/**
 * `check(sources)` returns the problems as texts. A mutation is [name, path, from, to, found]:
 * one of the problems that the mistake makes has to match `found`.
 */
export function suite(name, check, mutations) {
  const sources = readSources();
  test(name, async () => {
    assert.deepEqual(await check(sources), []);
  });
  for (const [mistake, path, from, to, found] of mutations) {
    test(`${name}: finds ${mistake}`, async () => {
      const problems = await check(mutated(sources, path, from, to));
      assert.ok(
        problems.some((problem) => found.test(problem)),
        `none of these matches ${found}: ${JSON.stringify(problems)}`,
      );
    });
  }
}
