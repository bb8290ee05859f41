// A Lambda environment that is not ours, @vercel/fun, around the package's program.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export function run(command, args, options = {}) {
  const ended = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (ended.status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${ended.status}: ${ended.stderr}`);
  return ended.stdout;
}

/** Unpacks the zip into a root of its own that holds nothing else, and starts it from there. */
function unpack(zip, folder) {
  const root = join(folder, 'root');
  mkdirSync(root, { recursive: true });
  run('python3', ['-m', 'zipfile', '-e', zip, root]);
  chmodSync(join(root, 'bootstrap'), 0o755);
  const start = `#!/bin/sh\nexec unshare --map-root-user --root='${root}' --wd=/ /bootstrap >>'${folder}/function.log' 2>&1\n`;
  writeFileSync(join(folder, 'bootstrap'), start, { mode: 0o755 });
}

/** The function: invoke(event), killOne(), and what it did so far. */
export async function createLambda({ zip, folder, variables }) {
  unpack(zip, folder);
  process.env.XDG_CACHE_HOME = folder; // it keeps a cache, and reads this when it is loaded
  const { createFunction } = createRequire(import.meta.url)('@vercel/fun');
  const lambda = await createFunction({
    Code: { Directory: folder },
    Handler: 'stream.handler',
    Runtime: 'provided',
    FunctionName: 'dynamite',
    MemorySize: 128,
    Timeout: 30,
    Environment: { Variables: variables },
    Region: 'us-east-1',
    AccessKeyId: 'AKID',
    SecretAccessKey: 'secret',
  });
  const { provider } = lambda;
  const running = new Set();
  let processes = 0;
  const create = provider.createProcess.bind(provider);
  provider.pool._factory.create = async () => {
    processes += 1;
    return create();
  };
  // It would hand out processes that have died meanwhile.
  provider.pool._config.testOnBorrow = true;
  provider.pool._factory.validate = async (process) => !process.killed;
  const { freezeProcess, unfreezeProcess } = provider;
  provider.unfreezeProcess = (process) => {
    running.add(process);
    unfreezeProcess.call(provider, process);
  };
  provider.freezeProcess = (process) => {
    running.delete(process);
    freezeProcess.call(provider, process);
  };

  const self = {
    invocations: 0,
    processes: () => processes,
    log: () => readFileSync(join(folder, 'function.log'), 'utf8'),
    async invoke(event) {
      self.invocations += 1;
      return lambda.invoke({
        InvocationType: 'RequestResponse',
        Payload: JSON.stringify(event),
      });
    },
    /** Ends a process that works. False: none does. */
    killOne() {
      for (const process of running) {
        // One that dies before it has fetched its work is never missed.
        if (!provider.runtimeApis.get(process)?.resultDeferred) continue;
        running.delete(process);
        if (process.kill('SIGKILL')) return true;
      }
      return false;
    },
    destroy: () => lambda.destroy(),
  };
  return self;
}
