// What AWS Lambda's event source mapping does with a DynamoDB stream: batches each shard in order,
// repeats, gives up on an invocation that takes too long, bisects, heeds batchItemFailures, and
// hands what failed too often to an on-failure destination, as S3 gets it.

/** A seeded generator (mulberry32): `below(n)` is a whole number from 0 to n - 1. */
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  below(bound) {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  }

  chance(percent) {
    return this.below(100) < percent;
  }
}

const sequenceNumber = (record) => BigInt(record.dynamodb.SequenceNumber);

/** Which records an answer asks for again; undefined: all were done. As AWS reads it. */
export function failedFrom(records, answer) {
  if (answer.FunctionError) return 0;
  const text = String(answer.Payload);
  if (text === '') return undefined;
  let failures;
  try {
    failures = JSON.parse(text)?.batchItemFailures ?? [];
  } catch {
    return 0;
  }
  if (failures.length === 0) return undefined;
  const at = failures.map(({ itemIdentifier }) =>
    records.findIndex((record) => record.dynamodb.SequenceNumber === itemIdentifier),
  );
  return Math.max(0, Math.min(...at));
}

export class EventSourceMapping {
  /**
   * `invoke(event)` resolves to {FunctionError?, Payload}. `onFailure(object)` keeps what is given
   * up. `finished()` says that nobody writes any more.
   */
  constructor({ dynamodb, streamArn, invoke, onFailure, finished, random, batchSizeMax }) {
    Object.assign(this, { dynamodb, streamArn, invoke, onFailure, finished, random, batchSizeMax });
    this.maximumRetryAttempts = 2;
    this.counts = {
      records: 0,
      batches: 0,
      'batches delivered twice': 0,
      'old batches delivered again': 0,
      'invocations given up, still running': 0,
      'function errors': 0,
      'batchItemFailures heeded': 0,
      bisections: 0,
      'batches given to the on-failure destination': 0,
    };
    this.abandoned = [];
  }

  /** Until nobody writes and every shard is read to its end. */
  async run() {
    const started = new Map();
    for (let quiet = false; !quiet;) {
      quiet = this.finished();
      const { StreamDescription: stream } = await this.dynamodb.stream('DescribeStream', {
        StreamArn: this.streamArn,
      });
      for (const { ShardId: shard, ParentShardId: parent } of stream.Shards) {
        if (started.has(shard)) continue;
        quiet = false;
        started.set(shard, Promise.resolve(started.get(parent)).then(() => this.readShard(shard)));
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await Promise.all(started.values());
    await Promise.allSettled(this.abandoned);
  }

  async readShard(shard) {
    const first = await this.dynamodb.stream('GetShardIterator', {
      StreamArn: this.streamArn,
      ShardId: shard,
      ShardIteratorType: 'TRIM_HORIZON',
    });
    const history = [];
    let iterator = first.ShardIterator;
    for (let empty = 0; iterator && empty < 3;) {
      const done = this.finished();
      const page = await this.dynamodb.stream('GetRecords', { ShardIterator: iterator });
      iterator = page.NextShardIterator;
      empty = page.Records.length === 0 && done ? empty + 1 : 0;
      const records = page.Records.map((record) => ({ ...record, eventSourceARN: this.streamArn }));
      this.counts.records += records.length;
      for (let at = 0; at < records.length;) {
        const batch = records.slice(at, at + 1 + this.random.below(this.batchSizeMax));
        at += batch.length;
        await this.deliverWithRepeats(shard, batch, history);
      }
      if (page.Records.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async deliverWithRepeats(shard, batch, history) {
    this.counts.batches += 1;
    await this.deliver(shard, batch, 0);
    history.push(batch);
    if (this.random.chance(5)) {
      this.counts['batches delivered twice'] += 1;
      await this.deliver(shard, batch, 0);
    }
    if (this.random.chance(5)) {
      this.counts['old batches delivered again'] += 1;
      await this.deliver(shard, history[this.random.below(history.length)], 0);
    }
  }

  async deliver(shard, records, attempts) {
    if (this.random.chance(4)) {
      // As after a time-out that AWS counts, while the function's process still works on it.
      this.counts['invocations given up, still running'] += 1;
      this.abandoned.push(this.invoke({ Records: records }));
    }
    const answer = await this.invoke({ Records: records });
    const failed = failedFrom(records, answer);
    if (failed === undefined) return;
    this.counts[answer.FunctionError ? 'function errors' : 'batchItemFailures heeded'] += 1;
    const rest = records.slice(failed);
    if (answer.FunctionError && rest.length > 1) {
      this.counts.bisections += 1;
      const half = rest.length >> 1;
      await this.deliver(shard, rest.slice(0, half), attempts);
      await this.deliver(shard, rest.slice(half), attempts);
      return;
    }
    if (attempts < this.maximumRetryAttempts) {
      await this.deliver(shard, rest, failed > 0 ? 0 : attempts + 1);
      return;
    }
    // The good records behind the bad one go with it, and the shard goes on without them.
    await this.giveUp(shard, rest, answer, attempts + 1);
  }

  async giveUp(shard, records, answer, count) {
    this.counts['batches given to the on-failure destination'] += 1;
    const numbers = records.map(sequenceNumber).sort((a, b) => (a < b ? -1 : 1));
    await this.onFailure({
      requestContext: {
        requestId: '5e4f3e0b-0000-4000-8000-000000000000',
        functionArn: 'arn:aws:lambda:us-east-1:111122223333:function:dynamite',
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: count,
      },
      responseContext: {
        statusCode: 200,
        executedVersion: '$LATEST',
        functionError: answer.FunctionError ?? null,
      },
      version: '1.0',
      timestamp: new Date().toISOString(),
      DDBStreamBatchInfo: {
        shardId: shard,
        startSequenceNumber: String(numbers[0]),
        endSequenceNumber: String(numbers.at(-1)),
        batchSize: records.length,
        streamArn: this.streamArn,
      },
      payload: { Records: records },
    });
  }
}
