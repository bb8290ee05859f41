// DynamoDB Local's API, as far as an event source mapping needs it.

const kHeaders = {
  'content-type': 'application/x-amz-json-1.0',
  authorization:
    'AWS4-HMAC-SHA256 Credential=test/20260115/us-east-1/dynamodb/aws4_request, ' +
    'SignedHeaders=host, Signature=0',
};

export class DynamoDb {
  constructor(endpoint) {
    this.endpoint = endpoint;
  }

  async call(target, operation, input) {
    const response = await fetch(this.endpoint, {
      method: 'POST',
      headers: { ...kHeaders, 'x-amz-target': `${target}.${operation}` },
      body: JSON.stringify(input),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${operation}: HTTP ${response.status}: ${text}`);
    return JSON.parse(text);
  }

  async streamOf(table) {
    const answer = await this.call('DynamoDB_20120810', 'DescribeTable', { TableName: table });
    return answer.Table.LatestStreamArn;
  }

  stream(operation, input) {
    return this.call('DynamoDBStreams_20120810', operation, input);
  }
}
